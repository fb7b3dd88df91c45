/** Which responses may be encoded at all, whoever asks for them. */
import type { MediaTypes } from "./media-types.ts";

export interface Outgoing {
  readonly status: number;
  readonly headers: { get(name: string): string | null; has(name: string): boolean };
}

/**
 * Whether the response would be encoded for a client that accepts it. Where it would, caches have to be told that there are
 * others (RFC 9110 section 12.5.5).
 *
 * @param minSize bytes
 */
export function isEligible({ status, headers }: Outgoing, types: MediaTypes, minSize: number): boolean {
  // A part is one of the representation as it was asked for (RFC 9110 section 14), and 205 has no body.
  if (status === 204 || status === 205 || status === 206 || headers.has("content-range")) return false;
  const type = headers.get("content-type");
  if (type === null ? status !== 304 : !types.has(type)) return false;
  // gRPC has a compression of its own, message by message.
  if (type?.toLowerCase().startsWith("application/grpc")) return false;
  const coding = headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (coding !== "identity" && coding !== "") return false;
  // RFC 9111 section 5.2.2.6.
  if (hasNoTransform(headers.get("cache-control"))) return false;
  const length = headers.get("content-length");
  return length === null || status === 304 || Number(length) >= Math.max(minSize, 1);
}

export function hasNoTransform(cacheControl: string | null): boolean {
  return cacheControl !== null && /(?:^|,)[\t ]*no-transform[\t ]*(?:,|$)/i.test(cacheControl);
}
