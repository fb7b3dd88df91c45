import { HostCallError } from "./error.ts";

/** Most that one call takes, in code units or bytes: what it costs must stay short of a heartbeat. */
const longest = 16 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const fatalDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/**
 * `HostOp.utf8Encode`: the bytes of the text. They are in a buffer of their own.
 *
 * @throws HostCallError RangeError beyond 16 Mi code units
 */
export function utf8Encode(text: string): Uint8Array<ArrayBuffer> {
  if (text.length > longest) throw tooLong("encode", "code units");
  return encoder.encode(text);
}

/**
 * `HostOp.utf8Decode`: the text of the bytes, a byte order mark included.
 *
 * @param mode `fatal` to refuse what is not UTF-8, empty to replace it by U+FFFD
 * @throws HostCallError RangeError beyond 16 MiB, TypeError for bytes that are refused
 */
export function utf8Decode(mode: string, bytes: Uint8Array | undefined): string {
  if (bytes === undefined) throw new HostCallError("TypeError", "There are no bytes to decode");
  if (bytes.length > longest) throw tooLong("decode", "bytes");
  if (mode !== "fatal") return decoder.decode(bytes);
  try {
    return fatalDecoder.decode(bytes);
  } catch {
    throw new HostCallError("TypeError", "The bytes are not UTF-8");
  }
}

function tooLong(action: string, unit: string): HostCallError {
  return new HostCallError("RangeError", `Cannot ${action}: more than ${longest} ${unit} at once`);
}
