/** Digests of a body (RFC 9530, section 2). */
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { parseDictionary } from "../../shared/structured-fields/parse.ts";
import { bytesOf } from "../base64.ts";
import { isSame } from "../constant-time.ts";

const hashes: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  "sha-256": sha256,
  "sha-512": sha512,
};

/**
 * Whether a body is the one of a Content-Digest: each digest of an algorithm that is safe is right, and there is one.
 * Others (`md5`, `sha`, `unixsum`) say nothing (section 5).
 *
 * @param only the algorithms that count; null: all
 *
 * @example
 * hasDigest("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", body, null); // true
 */
export function hasDigest(field: string, body: Uint8Array, only: readonly string[] | null): boolean {
  const members = parseDictionary(field);
  if (members === null) return false;
  let checked = 0;
  for (const [name, member] of members) {
    const hash = Object.hasOwn(hashes, name) ? hashes[name] : undefined;
    if (hash === undefined || (only !== null && !only.includes(name))) continue;
    if ("items" in member || member.item.type !== "bytes") return false;
    if (!isSame(hash(body), bytesOf(member.item.value.replaceAll("=", "")))) return false;
    checked++;
  }
  return checked > 0;
}
