/** What an introspection endpoint's answer has to say for a token to be good here. */
import type { IntrospectionConfig } from "./config.ts";

type Claims = Readonly<Record<string, unknown>>;
type Rules = Pick<
  IntrospectionConfig,
  "audience" | "issuer" | "tokenTypes" | "requiredClaims" | "clockTolerance"
>;

/**
 * Why a token that is active is not good here; null: it is.
 *
 * @param now ms since 1970
 *
 * @example
 * reasonAgainst({ active: true, token_type: "Bearer", aud: "billing" }, rules, Date.now()); // "audience"
 */
export function reasonAgainst(claims: Claims, rules: Rules, now: number): string | null {
  const seconds = now / 1000;
  const { exp, nbf, aud, iss } = claims;
  // The server says that it is active, but its answer may be older than that: RFC 7662, section 4.
  if (exp !== undefined && !(typeof exp === "number" && exp + rules.clockTolerance > seconds))
    return "expired";
  if (nbf !== undefined && !(typeof nbf === "number" && nbf - rules.clockTolerance <= seconds))
    return "early";
  if (!isTyped(claims, rules.tokenTypes)) return "token_type";
  if (!hasOne(rules.audience, aud)) return "audience";
  if (!hasOne(rules.issuer, iss)) return "issuer";
  if (!rules.requiredClaims.every((name) => Object.hasOwn(claims, name))) return "claims";
  return null;
}

/** When the token ends, in ms since 1970; Infinity: the server does not say. */
export function endOf({ exp }: Claims): number {
  return typeof exp === "number" ? exp * 1000 : Number.POSITIVE_INFINITY;
}

/**
 * A server may say that a refresh token is active, which has no token_type, and a token that is bound to a key (`cnf`,
 * RFC 7800; RFC 8705, section 3.2; RFC 9449, section 6.2) is stolen goods in the hands of who shows it alone.
 */
function isTyped({ token_type: type, cnf }: Claims, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  if (cnf !== undefined || typeof type !== "string") return false;
  return allowed.some((name) => name.toLowerCase() === type.toLowerCase());
}

function hasOne(wanted: unknown, found: unknown): boolean {
  const list = listOf(wanted);
  return list.length === 0 || listOf(found).some((name) => list.includes(name));
}

function listOf(value: unknown): readonly unknown[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
