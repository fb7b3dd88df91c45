/**
 * The bytes of base64 with or without padding, in either alphabet.
 *
 * @throws Error when it is none
 * @example
 * bytesOf("AQI"); // Uint8Array [1, 2]
 */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}
