import type { PluginRequest } from "sluice/sdk";

type Bytes = Uint8Array<ArrayBuffer>;

/** A body can be read once, and several strategies may want it. */
const bodies = new WeakMap<PluginRequest, Promise<Bytes>>();

/**
 * The body as the client sent it, however many strategies ask. Longer ones than the policy's `limits.body` end the
 * request with 413.
 */
export function rawBody(request: PluginRequest): Promise<Bytes> {
  let body = bodies.get(request);
  if (body === undefined) {
    body = request.bytes() as Promise<Bytes>;
    bodies.set(request, body);
  }
  return body;
}
