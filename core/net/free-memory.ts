/** Smaller ones cost less to be swept up than to be given back. */
const least = 16 * 1024;

/**
 * Gives memory back at once that nobody refers to any more. V8 marks its whole heap each time enough of such
 * memory was allocated, used or not: two fifths of the CPU time of a body that guests change (`npm run bench --
 * --rows transform`).
 *
 * @param bytes of length 0 afterwards; left alone where they share their buffer with others
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (bytes.byteLength < least || bytes.byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
