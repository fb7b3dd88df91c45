/**
 * `fetch` for guests. The host decides where a request may go and sends it; here it is put into words, and the
 * answer becomes a `Response`. How both cross is described in core/sandbox/host/fetch/message.ts.
 */

import { type BodySource, bodySourceOf } from "../body.ts";
import { ListStore } from "../field-store.ts";
import { headersOf } from "../headers.ts";
import type { HostResult } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { refused } from "../refused.ts";
import { Request, type RequestInit } from "../request.ts";
import { type Response, responseOf } from "../response.ts";
import type { ReadableStream } from "../streams/readable-stream.ts";
import { joinTexts, splitTexts } from "../text-pair.ts";
import type { URL } from "../url/url.ts";
import type { AbortSignal } from "../web/abort.ts";
import { type AbortableCall, FetchedBody, startAbortable } from "./fetch-body.ts";
import { sendBody } from "./fetch-upload.ts";

// As it was before the plugin ran.
const { stringify } = JSON;

interface ReplyHead {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: "none" | "text" | "latin1" | "stream";
}

/**
 * Sends a request to an origin that the plugin was granted (Fetch Standard, section 5.6).
 *
 * Fields that frame the message or belong to one connection (Host, Content-Length, Accept-Encoding and their
 * like) are the host's: they are left out in silence, so that `fetch(url, { headers: request.headers })` works.
 * A body that came encoded is decoded, and its Content-Encoding and Content-Length are gone. With `redirect:
 * "manual"` a redirect is a response like any other.
 *
 * @throws TypeError when no response came, NotAllowedError without a grant, TimeoutError and QuotaExceededError
 *   at the host's limits, the signal's reason when it is aborted
 * @example
 * const response = await fetch("https://tenants.internal/42", { signal: AbortSignal.timeout(500) });
 */
export async function fetch(
  input: string | URL | Request,
  init: RequestInit | undefined = undefined,
): Promise<Response> {
  const request = new Request(input, init);
  const body = bodySourceOf(request);
  const { signal } = request;
  if (signal.aborted) {
    if (body.kind === "stream") body.stream.cancel(signal.reason).then(undefined, () => {});
    return refused(signal.reason);
  }
  try {
    const call = startAbortable(HostOp.fetch, requestText(request, body), bytesOf(body), signal);
    const answer = await (body.kind === "stream" ? whileSending(body.stream, call, signal) : call.promise);
    return responseFrom(answer as string, call.id, signal);
  } catch (error) {
    return refused(error);
  }
}

/** The response may come before the body was sent, and the stream of the body may fail before the response comes. */
function whileSending(
  stream: ReadableStream<Uint8Array>,
  { id, promise }: AbortableCall,
  signal: AbortSignal,
): Promise<HostResult> {
  return Promise.race([promise, sendBody(id, stream, signal)]);
}

function requestText({ method, url, headers, redirect }: Request, body: BodySource): string {
  const head = stringify({ method, url, headers: [...headers], redirect, body: body.kind });
  return joinTexts(head, body.kind === "text" ? body.text : "");
}

function bytesOf(body: BodySource): Uint8Array | undefined {
  return body.kind === "bytes" ? body.bytes : undefined;
}

function responseFrom(answer: string, id: number, signal: AbortSignal): Response {
  const [text, content] = splitTexts(answer)!;
  const { headers, body: kind, ...head } = JSON.parse(text!) as ReplyHead;
  const store = new ListStore();
  for (const [name, value] of headers) store.add(name, value);
  const body = kind === "stream" ? new FetchedBody(id, signal) : shortBody(kind, content);
  return responseOf({ ...head, type: "basic", headers: headersOf(store) }, body);
}

function shortBody(kind: "none" | "text" | "latin1", content: string): string | Uint8Array | null {
  if (kind === "none") return null;
  return kind === "text" ? content : latin1Bytes(content);
}

function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
