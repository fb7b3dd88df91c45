/**
 * The body of a request or a response. It stays with the proxy and streams past the plugin unless a
 * handler reads it: that collects it whole, within `limits.body`. What was read is still forwarded as it
 * came, unless `setBody` puts something else in its place.
 *
 * Reading rejects with a `TypeError` the second time, as everywhere on the web. A body that is longer than the
 * limit ends the exchange: the client gets 413 for its request, 502 for the response.
 */
export interface MessageBody {
  /**
   * Not there: the body stays with the proxy, and reading this throws a `TypeError`. So a message is not taken for a `Request` or
   * for what `fetch` needs beside a URL; pass what you need of it.
   *
   * @example
   * const { method, headers } = request;
   * const answer = await fetch("https://api.example.com/", { method, headers, body: await request.bytes() });
   */
  readonly body?: NoStream;
  /** Whether it was read or replaced. */
  readonly bodyUsed: boolean;
  /**
   * The body as text, at once, where it is short and all of it is here: for most small ones that saves the wait, which costs more
   * than reading them. It counts as read then. Null: some of it may be on its way, or it is not what UTF-8 says without doubt; `text()`
   * and `bytes()` read it.
   *
   * @throws TypeError when it was read before
   * @example
   * onResponse(response) {
   *   const hide = (text: string) => response.setBody(text.replaceAll("internal.test", "example.com"));
   *   const text = response.arrivedText();
   *   return text === null ? response.text().then(hide) : hide(text);
   * }
   */
  arrivedText(): string | null;
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
  /**
   * Lets no more than so many bytes pass this plugin. A body that is longer, whether its length is told or not, ends the
   * exchange: the client gets 413 for its request and 502 for the response, or a broken message where it has begun. A plugin may
   * limit, decode and encode one body 16 times; of limits one behind the other the smallest counts.
   */
  limitBody(maxBytes: number): void;
  /**
   * Has the proxy decode the body on its way: later plugins, body phases and `text()` see what was encoded. Bytes stay
   * outside of the plugin, whatever their number. What is truncated, malformed, or grows beyond the limits ends the exchange: 400
   * or 413 for a request, 502 for a response. Take the Content-Encoding away.
   *
   * @param codings as Content-Encoding tells them: the last one comes off first; four at most
   * @returns false: too many coders are at work, and the body stays as it is
   * @example
   * onRequest(request) {
   *   if (request.headers.get("content-encoding") !== "gzip") return;
   *   if (request.decodeBody("gzip")) request.headers.delete("content-encoding");
   * }
   */
  decodeBody(codings: ContentCoding | readonly ContentCoding[], options?: DecodeOptions): boolean;
  /**
   * Has the proxy encode the body on its way, behind what this plugin's own body phase makes of it. Set Content-Encoding, and
   * what else follows (Vary, a weak ETag).
   *
   * @returns false: too many coders are at work, and the body stays as it is
   * @example
   * onResponse(response) {
   *   if (response.encodeBody("gzip")) response.headers.set("content-encoding", "gzip");
   * }
   */
  encodeBody(coding: ContentCoding, options?: EncodeOptions): boolean;
}

/** What fits where no body does. */
export interface NoStream {
  readonly readItWith: "text" | "json" | "bytes" | "arrayBuffer";
}

/** As registered for Content-Encoding (RFC 9110 section 8.4.1, RFC 7932, RFC 8878). */
export type ContentCoding = "br" | "deflate" | "gzip" | "zstd";

export interface DecodeOptions {
  /** Bytes that may come out. Default: 10 MiB. */
  readonly maxBytes?: number;
  /** How many times as long it may become; counts from 1 MiB on. Default: 200. */
  readonly maxRatio?: number;
}

export interface EncodeOptions {
  /**
   * From 1 to 9 for gzip (default: 5) and deflate (5), 0 to 11 for br (4), 1 to 19 for zstd (3). In a sandbox br is at most 6 and zstd
   * 9, whatever is asked for: the time that higher ones take is nobody's.
   */
  readonly level?: number;
  /**
   * How long the body may pause before what there is of it is sent, in ms. 0 sends every part at once, for events; larger
   * parts compress better. Default: 50.
   */
  readonly flushAfter?: number;
}
