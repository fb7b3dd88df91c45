/** What a signature has to be like before it is worth verifying (RFC 9421, section 3.2.1). */
import { parseItem } from "../../shared/structured-fields/parse.ts";
import type { Item } from "../../shared/structured-fields/value.ts";
import { type ClaimedSignature, canonical } from "./input.ts";

export interface SignatureRules {
  /** Identifiers that have to be covered. */
  readonly components: readonly Item[];
  /** In s. */
  readonly maxAge: number;
  readonly tolerance: number;
  readonly needsNonce: boolean;
}

/**
 * Why a signature is not good here; null: nothing speaks against it.
 *
 * @param now s since 1970
 */
export function reasonAgainstSignature(
  { covered, created, expires, nonce }: ClaimedSignature,
  { components, maxAge, tolerance, needsNonce }: SignatureRules,
  now: number,
): string | null {
  if (created === null) return "no_time";
  if (created > now + tolerance) return "early";
  if (created + maxAge + tolerance <= now) return "stale";
  if (expires !== null && expires + tolerance <= now) return "expired";
  if (needsNonce && nonce === null) return "no_nonce";
  if (!components.every((wanted) => covered.items.some((item) => covers(item, wanted)))) return "not_covered";
  return null;
}

/** Until when the same signature would be good again, in s since 1970. */
export function goodUntil(
  { created, expires }: ClaimedSignature,
  { maxAge, tolerance }: SignatureRules,
): number {
  return Math.min((created ?? 0) + maxAge, expires ?? Number.POSITIVE_INFINITY) + tolerance;
}

const parts: Readonly<Record<string, readonly string[]>> = {
  "@target-uri": ["@scheme", "@authority", "@path", "@query"],
  "@request-target": ["@path", "@query"],
};

/** The whole covers its parts, and a field in another form is the same field; a member of it is not. */
function covers(item: Item, wanted: Item): boolean {
  if (canonical(item) === canonical(wanted)) return true;
  if (wanted.parameters.size > 0) return false;
  const name = String(item.item.value);
  const wantedName = String(wanted.item.value);
  if (name === wantedName) return !name.startsWith("@") && !item.parameters.has("key");
  return item.parameters.size === 0 && (parts[name] ?? []).includes(wantedName);
}

/**
 * The identifier that a config means.
 *
 * @throws Error when it is none
 *
 * @example
 * readIdentifier("@method"); // { item: { type: "string", value: "@method" }, parameters: Map {} }
 */
export function readIdentifier(text: string): Item {
  const [, name, parameters] = /^"?(@?[^\s";]+)"?((?:;.*)?)$/.exec(text) ?? [];
  const item = name === undefined ? null : parseItem(`"${name.toLowerCase()}"${parameters}`);
  if (item === null) throw new Error(`components has ${text}, which is no component`);
  return item;
}
