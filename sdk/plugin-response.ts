import type { MessageBody } from "./message-body.ts";
import type { WebHeaders } from "./web.ts";

/**
 * The response on its way to the client, of the service or of a plugin. What you assign goes to the
 * client; to replace it whole, return a `Response`.
 *
 * @example
 * async onResponse(response) {
 *   if (response.headers.get("content-type") !== "application/json") return;
 *   const { internal, ...shown } = await response.json<Record<string, unknown>>();
 *   response.setBody(JSON.stringify(shown));
 * }
 */
export interface PluginResponse extends MessageBody {
  /** From 200 to 599; assigning another number throws a `RangeError`. */
  status: number;
  /** The reason phrase; empty after `status` was assigned. Assigning what HTTP does not allow there throws a `TypeError`. */
  statusText: string;
  /**
   * Why the proxy answers itself: no endpoint did. A code as in the access log, such as `connect_refused`,
   * `response_head_timeout` or `no_healthy_upstream`; null for the answer of the service or of a plugin.
   *
   * @example
   * onResponse(response) {
   *   if (response.error !== null) return Response.json({ status: "come back later" }, { status: 503 });
   * }
   */
  readonly error: string | null;
  /** `host:port` of the endpoint that answered, or was asked last; null: none was. */
  readonly endpoint: string | null;
  /** Name of its cluster; null: no endpoint was asked. */
  readonly cluster: string | null;
  /**
   * What was asked for, as `request.url` was when the policy first saw the exchange. Its scheme is the client's own,
   * also where a trusted proxy ended the client's TLS.
   */
  readonly url: string;
  /** Whether the status is from 200 to 299. */
  readonly ok: boolean;
  /** The client gets `ctx.requestId` as X-Request-Id, in the place of what the service said. */
  tellRequestId(): void;
  /** Edits go to the client. Setting a field that frames the message throws a `TypeError`. */
  readonly headers: WebHeaders;
}
