/** Bodies that are here as a whole, in whichever form. */
import { HostCallError } from "../../sandbox/host/error.ts";
import { type KeptBody, StoredBody } from "../../store/responses/stored-body.ts";
import { isStreamed } from "./stored-source.ts";

export type WholeBody = string | Uint8Array | KeptBody;

/**
 * Its bytes, for a policy that reads it.
 *
 * @throws HostCallError when it is longer than that policy may read
 */
export function bytesOf(body: WholeBody, limit: number): Uint8Array | Promise<Uint8Array> {
  if (byteLength(body) > limit) throw tooLong(limit);
  if (isStreamed(body)) return body.bytes();
  if (body instanceof StoredBody) return Buffer.concat(body.parts);
  return typeof body === "string" ? Buffer.from(body, "utf8") : body;
}

/** Its bytes, as they lie; null: not in memory. */
export function partsOf(body: WholeBody): readonly Buffer[] | null {
  if (isStreamed(body)) return null;
  if (body instanceof StoredBody) return body.parts;
  if (typeof body === "string") return [Buffer.from(body, "utf8")];
  return [Buffer.from(body.buffer, body.byteOffset, body.byteLength)];
}

export function byteLength(body: WholeBody): number {
  return typeof body === "string" ? Buffer.byteLength(body, "utf8") : body.length;
}

export function tooLong(limit: number): HostCallError {
  return new HostCallError("RangeError", `Cannot read the body: it is longer than ${limit} bytes`);
}
