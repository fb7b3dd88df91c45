import type { OptionValues } from "../override-values.ts";
import { UsageError } from "../usage-error.ts";

/** What `sluice key` is asked to do. */
export type KeyRequest = {
  /** Of the stores of the config; null: in the running Sluice. */
  readonly store: string | null;
} & (
  | { readonly verb: "add"; readonly subject: string; readonly facts: KeyFacts }
  | { readonly verb: "list"; readonly json: boolean }
  | { readonly verb: "revoke" | "disable" | "enable"; readonly id: string }
);

/** What else is known of who has the key; absent: nothing. */
export interface KeyFacts {
  readonly scopes?: readonly string[];
  readonly groups?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly expires?: string;
}

const usage = 'expected "sluice key add SUBJECT", "list", "revoke ID", "disable ID" or "enable ID"';

/**
 * @throws UsageError
 *
 * @example
 * readKeyRequest(["add", "billing"], { scopes: "orders:read" });
 */
export function readKeyRequest([verb, what]: readonly string[], values: OptionValues): KeyRequest {
  const store = values.store ?? null;
  if (verb === "list" && what === undefined) return { verb, store, json: values.json ?? false };
  if (what === undefined) throw new UsageError(`Cannot do it: ${usage}`);
  if (verb === "add") return { verb, store, subject: readSubject(what), facts: readFacts(values) };
  if (verb !== "revoke" && verb !== "disable" && verb !== "enable")
    throw new UsageError(`Cannot do it: ${usage}`);
  // Not what was found: somebody may have given the key itself.
  if (!/^[0-9a-f]{8,64}$/.test(what))
    throw new UsageError("Expected an ID as `sluice key list` tells it: 8 hexadecimal digits or more");
  return { verb, store, id: what };
}

function readSubject(text: string): string {
  if (text.length > 1024) throw new UsageError("Expected a subject of up to 1024 characters");
  return text;
}

function readFacts({ scopes, groups, claims, expires }: OptionValues): KeyFacts {
  return {
    ...(scopes !== undefined && { scopes: listIn(scopes) }),
    ...(groups !== undefined && { groups: listIn(groups) }),
    ...(claims !== undefined && { claims: readClaims(claims) }),
    ...(expires !== undefined && { expires: readTime(expires) }),
  };
}

function listIn(text: string): readonly string[] {
  return text.split(",").filter((item) => item !== "");
}

function readClaims(text: string): Readonly<Record<string, unknown>> {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {}
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new UsageError(`Option --claims needs an object of JSON, found ${JSON.stringify(text)}`);
}

/** As `auth` reads it, of RFC 3339. */
function readTime(text: string): string {
  const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  if (isTime && !Number.isNaN(Date.parse(text))) return text;
  throw new UsageError(`Option --expires needs a time such as 2027-01-31T12:00:00Z, found "${text}"`);
}
