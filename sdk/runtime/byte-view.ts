export type Bytes = ArrayBuffer | SharedArrayBuffer | ArrayBufferView;

/**
 * The bytes of a buffer or of a view, where they are: nothing is copied.
 *
 * @throws TypeError for anything else
 */
export function bytesOf(input: Bytes | undefined): Uint8Array {
  if (input === undefined) return new Uint8Array(0);
  if (input instanceof Uint8Array) return input;
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (isBuffer(input)) return new Uint8Array(input);
  throw new TypeError("The input is neither an ArrayBuffer nor a view of one");
}

/** A guest may be without `SharedArrayBuffer`. */
function isBuffer(input: unknown): input is ArrayBuffer {
  if (input instanceof ArrayBuffer) return true;
  return typeof SharedArrayBuffer === "function" && input instanceof SharedArrayBuffer;
}
