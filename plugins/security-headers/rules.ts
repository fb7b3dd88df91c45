import type { ConfigOf } from "sluice/sdk";
import type { schema } from "./config.ts";
import { hasFrameAncestors } from "./content-policy.ts";

export type Config = ConfigOf<typeof schema>;

export interface Field {
  readonly name: string;
  readonly value: string;
}

/** A config as its responses need it. */
export interface Rules {
  /** Fields that go on every response. */
  readonly fields: readonly Field[];
  /** Value of Strict-Transport-Security, for responses over https; null: none. */
  readonly transport: string | null;
  /** Null: nothing is said of frames, or `policy` says it. */
  readonly framing: Framing | null;
  /** Value of Content-Security-Policy where the service has none; null: none but that of the framing. */
  readonly policy: string | null;
  readonly remove: readonly string[];
  readonly override: boolean;
}

/** Who may show a page in a frame. */
export interface Framing {
  /** A directive of Content-Security-Policy. */
  readonly directive: string;
  /** For browsers that do not know the directive; null: the field cannot say it. */
  readonly option: "DENY" | "SAMEORIGIN" | null;
}

/** Browsers take no shorter one into their list (https://hstspreload.org), in s. */
const shortestPreload = 31_536_000;

/** What frames a message or belongs to the proxy; nothing of the service's is left of some, others must stay. */
const kept = new Set(
  `connection content-length expect forwarded host http2-settings keep-alive proxy proxy-authorization proxy-connection
  te trailer transfer-encoding upgrade via x-forwarded-for x-forwarded-host x-forwarded-proto x-request-id`.split(
    /\s+/,
  ),
);

/**
 * @throws Error for a config that browsers or the proxy would not follow
 * @example
 * rulesOf(config).fields; // [{ name: "x-content-type-options", value: "nosniff" }, ...]
 */
export function rulesOf(config: Config): Rules {
  const given: readonly (readonly [name: string, value: string | false])[] = [
    ["x-content-type-options", config.contentTypeOptions && "nosniff"],
    ["referrer-policy", config.referrerPolicy],
    ["content-security-policy-report-only", config.contentSecurityPolicyReportOnly],
    ["permissions-policy", config.permissionsPolicy],
    ["cross-origin-opener-policy", config.openerPolicy],
    ["cross-origin-embedder-policy", config.embedderPolicy],
    ["cross-origin-resource-policy", config.resourcePolicy],
  ];
  const policy = config.contentSecurityPolicy || null;
  return {
    fields: given.flatMap(([name, value]) => (value === false ? [] : [{ name, value }])),
    transport: transportOf(config.hsts),
    framing: hasFrameAncestors(policy) ? null : framingOf(config.frameAncestors),
    policy,
    remove: config.remove.map(removable),
    override: config.override,
  };
}

/** RFC 6797 section 6.1. */
function transportOf(hsts: Config["hsts"]): string | null {
  if (hsts === false) return null;
  const { maxAge, includeSubDomains, preload } = hsts === true ? defaultTransport : hsts;
  if (preload && !(includeSubDomains && maxAge >= shortestPreload)) {
    throw new Error(
      `Cannot use hsts.preload: expected includeSubDomains and a maxAge of ${shortestPreload} or more`,
    );
  }
  return `max-age=${maxAge}${includeSubDomains ? "; includeSubDomains" : ""}${preload ? "; preload" : ""}`;
}

const defaultTransport = { maxAge: shortestPreload, includeSubDomains: false, preload: false };

function framingOf(ancestors: Config["frameAncestors"]): Framing | null {
  if (ancestors === false) return null;
  if (ancestors === "none") return { directive: "frame-ancestors 'none'", option: "DENY" };
  if (ancestors === "self") return { directive: "frame-ancestors 'self'", option: "SAMEORIGIN" };
  return { directive: `frame-ancestors ${ancestors.join(" ")}`, option: null };
}

function removable(name: string): string {
  const lower = name.toLowerCase();
  if (kept.has(lower.replaceAll("_", "-"))) {
    throw new Error(`Cannot use remove: expected a field that is the service's, found ${name}`);
  }
  return lower;
}
