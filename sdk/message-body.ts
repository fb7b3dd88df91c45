/**
 * The body of a request or a response. It stays with the proxy and streams past the plugin unless a
 * handler reads it: that collects it whole, within `limits.body`. What was read is still forwarded as it
 * came, unless `setBody` puts something else in its place.
 *
 * Reading rejects with a `TypeError` the second time, as everywhere on the web. A body that is longer than the
 * limit ends the exchange: the client gets 413 for its request, 502 for the response.
 */
export interface MessageBody {
  /** Whether it was read or replaced. */
  readonly bodyUsed: boolean;
  /** Decoded as UTF-8. */
  text(): Promise<string>;
  /**
   * Rejects with a `SyntaxError` when the body is no JSON. `Value` is a claim of yours that nobody checks.
   *
   * @example
   * const order = await request.json<{ total: number }>();
   */
  json<Value = unknown>(): Promise<Value>;
  bytes(): Promise<Uint8Array>;
  arrayBuffer(): Promise<ArrayBuffer>;
  /**
   * Sends this instead; text as UTF-8. Content-Length follows; Content-Type and Content-Encoding stay as
   * they are unless you change them.
   *
   * @example
   * request.setBody(JSON.stringify({ ...order, currency: "EUR" }));
   */
  setBody(body: string | Uint8Array): void;
}
