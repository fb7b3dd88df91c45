/** Hashes and MACs that the runtime computes at once, without a turn through its thread pool. */
import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { HashName } from "./key.ts";

const nodeNames: Readonly<Record<HashName, string>> = {
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

export function quickDigest(name: HashName, data: Uint8Array): Uint8Array {
  return ownBytes(hash(nodeNames[name], data, "buffer"));
}

export function quickHmac(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
  return ownBytes(createHmac(nodeNames[name], key).update(data).digest());
}

/** Compares in a time that tells nothing about where they differ [CVE-2026-21713]. */
export function isSameMac(expected: Uint8Array, found: Uint8Array): boolean {
  return expected.length === found.length && timingSafeEqual(expected, found);
}

/** A Buffer may be a window on memory that others use; what goes to a guest never is. */
function ownBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}
