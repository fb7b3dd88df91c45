/** Which users are let in, by their claims. */
import { claimAt } from "../jwt/claims.ts";
import type { OidcConfig } from "./config.ts";

/**
 * Whether the claims have what the rules want: each claim with one of the values, which one of a list may be.
 *
 * @param isPartial claims that are not there are passed over: the provider need not say all again
 * @example
 * areAllowed({ hd: "example.com" }, { hd: ["example.com"] }); // true
 */
export function areAllowed(
  claims: Readonly<Record<string, unknown>>,
  rules: OidcConfig["requireClaims"],
  isPartial = false,
): boolean {
  return Object.entries(rules).every(([name, wanted]) => {
    const value = claimAt(claims, name);
    if (value === undefined || value === null) return isPartial;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    const accepted: readonly unknown[] = wanted;
    return accepted.length === 0 || values.some((one) => accepted.includes(one));
  });
}
