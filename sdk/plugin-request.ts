import type { MessageBody } from "./message-body.ts";
import type { WebAbortSignal, WebHeaders } from "./web.ts";

/**
 * The request on its way to the service, shaped like the web's `Request`. What you assign goes upstream.
 *
 * @example
 * onRequest(request) {
 *   const url = new URL(request.url);
 *   if (url.pathname.startsWith("/v1/")) request.url = url.pathname.slice(3) + url.search;
 *   request.headers.set("x-api-version", "1");
 * }
 */
export interface PluginRequest extends MessageBody {
  /** Assigning what does not pass a proxy (CONNECT, TRACE, no token) throws a `TypeError`, and so does a change from or to HEAD. */
  method: string;
  /**
   * Absolute, with the authority that the client asked for and the path that the proxy matched: dot
   * segments are resolved and needless percent escapes decoded, so that deciding by it is safe.
   * Assign an absolute URL or one that begins with `/`; the scheme stays what it is. Anything else, and a path that
   * climbs above its root, throws a `TypeError`. What is read then is absolute and resolved again.
   */
  url: string;
  /**
   * Edits go upstream. Setting a field that belongs to the proxy throws a `TypeError`: those that frame the
   * message (Content-Length, Transfer-Encoding, Connection, Host ...) and those that the proxy writes
   * itself (Forwarded, Via, X-Forwarded-*, X-Request-Id). X-Request-Id is what the client sent here, if it sent one; the service
   * gets `ctx.requestId`.
   */
  readonly headers: WebHeaders;
  /** The same as `ctx.signal`. */
  readonly signal: WebAbortSignal;
}
