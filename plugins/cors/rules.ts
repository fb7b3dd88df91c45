import type { ConfigOf } from "sluice/sdk";
import type { schema } from "./config.ts";
import { type Origins, originsOf } from "./origins.ts";

export type Config = ConfigOf<typeof schema>;

/** A config as its exchanges need it. */
export interface Rules {
  readonly origins: Origins;
  /** Whether every response is the same for everyone: it says `*` and does not vary. */
  readonly isPublic: boolean;
  /** Value of Access-Control-Allow-Methods; null: what is asked for. */
  readonly methods: string | null;
  /** Value of Access-Control-Allow-Headers; null: what is asked for. */
  readonly headers: string | null;
  /** Value of Access-Control-Expose-Headers; empty: none. */
  readonly expose: string;
  readonly credentials: boolean;
  /** Value of Access-Control-Max-Age. */
  readonly maxAge: string;
  readonly privateNetwork: boolean;
  readonly keepsService: boolean;
}

/** @throws Error for a config that browsers would not follow, or that hands a user's credentials to anyone */
export function rulesOf(config: Config): Rules {
  const origins = originsOf(config.origins);
  if (config.credentials) checkCredentials(config, origins);
  return {
    origins,
    isPublic: origins.any,
    methods: listed(config.methods),
    headers: listed(config.headers.map((name) => name.toLowerCase())),
    expose: [...new Set(config.expose)].join(", "),
    credentials: config.credentials,
    maxAge: String(config.maxAge),
    privateNetwork: config.privateNetwork,
    keepsService: config.service === "keep",
  };
}

/** Any page can make itself an origin `null`, in a sandboxed frame; `*` is everyone (Fetch section 3.3.5). */
function checkCredentials({ expose }: Config, { any, exact }: Origins): void {
  if (any || exact.has("null")) {
    throw new Error(`Cannot use credentials: expected origins without ${any ? "*" : "null"}`);
  }
  // To browsers it is then the name of a field.
  if (expose.includes("*")) throw new Error("Cannot use credentials: expected names in expose, found *");
}

function listed(names: readonly string[]): string | null {
  return names.includes("*") ? null : [...new Set(names)].join(", ");
}
