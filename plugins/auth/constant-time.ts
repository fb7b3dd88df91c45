/**
 * Whether two byte strings are the same, in a time that tells nothing of where they differ (CVE-2026-21713). Their
 * lengths are no secret.
 *
 * @example
 * isSame(new Uint8Array([1, 2]), new Uint8Array([1, 3])); // false
 */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
