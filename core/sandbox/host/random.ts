import { HostCallError } from "./error.ts";

/** The most random bytes that one call gives (Web Cryptography, `getRandomValues`). */
export const maxRandomBytes = 65_536;

/**
 * Random bytes for a guest, from the platform's generator.
 *
 * @param text how many, in decimal
 * @throws HostCallError when that is no number of bytes between 1 and 65536
 * @example
 * randomBytes("16").length; // 16
 */
export function randomBytes(text: string): Uint8Array {
  const length = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
  if (length === 0 || length > maxRandomBytes) {
    throw new HostCallError(
      "QuotaExceededError",
      `Cannot give random bytes: the number is not between 1 and ${maxRandomBytes}`,
    );
  }
  return crypto.getRandomValues(new Uint8Array(length));
}
