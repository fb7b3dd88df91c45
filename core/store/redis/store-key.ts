import { hash } from "node:crypto";

/** Characters of the hash that are kept: 132 bits, so that nobody finds two keys with the same. */
const length = 22;

/**
 * A key as the server has it. What policies count by is addresses, names and what clients send to prove who they are: whoever
 * reads the server's keys, its log or its backups learns none of it. It is short and plain, whatever the policy's key was.
 *
 * @param kind letters: what is kept differently never has the same key
 * @example
 * storeKey("sluice:", "rate-limit", "b", "203.0.113.7"); // "sluice:rate-limit:b:" and 22 characters
 */
export function storeKey(prefix: string, plugin: string, kind: string, key: string): string {
  return `${prefix}${plugin}:${kind}:${shortHash(key)}`;
}

/** The name of one of the operator's values, among those for a plugin. */
export function pinField(key: string): string {
  return shortHash(key);
}

function shortHash(key: string): string {
  // Half a character has no UTF-8: all of them would become the same one.
  const bytes = key.isWellFormed() ? key : Buffer.from(`\0${key}`, "utf16le");
  return hash("sha256", bytes, "base64url").slice(0, length);
}
