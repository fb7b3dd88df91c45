/** Who it is, by the claims of a token that was verified, or that another server vouches for. */
import type { Identity } from "sluice/sdk";

type Claims = Readonly<Record<string, unknown>>;

export interface ClaimNames {
  readonly subjectClaim: string;
  readonly scopesClaim: string;
  readonly groupsClaim: string;
}

/** Null: it names no subject. */
export function identityOf(claims: Claims, names: ClaimNames, method: string): Identity | null {
  const subject = claimAt(claims, names.subjectClaim);
  if (typeof subject !== "string" || subject === "" || subject.length > 1024) return null;
  return {
    subject,
    method,
    claims,
    scopes: wordsOf(claimAt(claims, names.scopesClaim)),
    groups: textsOf(claimAt(claims, names.groupsClaim)),
  };
}

/** A claim of this name, or else one by its path. Names such as `https://example.com/roles` have dots, too. */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const key of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Claims)[key];
  }
  return value;
}

/** RFC 8693, section 4.2: a text with spaces between; others send a list. */
export function wordsOf(value: unknown): string[] {
  return typeof value === "string" ? value.split(" ").filter((word) => word !== "") : textsOf(value);
}

/** A text or a list of texts, as a list. */
export function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
