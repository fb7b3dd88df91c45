/** What guests are told of an exchange and its messages, as the text that sdk/runtime reads. */
import { mark } from "../../sdk/runtime/message.ts";
import { GuestBody } from "../policy/body/guest-body.ts";
import { byteLength } from "../policy/body/whole-body.ts";
import type { RequestDraft } from "../policy/request-draft.ts";
import type { ResponseDraft } from "../policy/response-draft.ts";
import { Kind } from "../wire/field-kind.ts";
import type { Attempts } from "./attempts/attempts.ts";
import { clusterFor } from "./attempts/cluster-choice.ts";
import { clientAddress, clientScheme } from "./client/facts.ts";
import type { Exchange } from "./exchange.ts";
import { deadlineText } from "./request/deadline.ts";

/** Facts for `ctx` (sdk/runtime/exchange.ts). */
export function contextText(exchange: Exchange, request: RequestDraft): string {
  const { requestId, route } = exchange;
  const { method, authority, path, query, identity } = request;
  const priority = request.priority ?? exchange.priority;
  const facts = `${clientText(exchange)}${route!.number} ${priority} ${requestId} ${method} ${authority} ${path}${query}`;
  const deadline = deadlineText(exchange.attempts.deadline);
  if (exchange.isRefresh) return `${facts} ${identity?.text ?? ""} ${deadline} again`;
  if (deadline !== "") return `${facts} ${identity?.text ?? ""} ${deadline}`;
  return identity === null ? facts : `${facts} ${identity.text}`;
}

function clientText({ client, head, generation }: Exchange): string {
  const { side, tls } = client;
  if (!side.trusted) return `${side.facts} ${tls} `;
  return `${clientAddress(head, side, generation)} ${clientScheme(head, side)} ${tls} `;
}

/** What the client said of the id of its request, for those who may believe it. */
export function clientIdLine({ head }: Exchange): string {
  return head.countOf(Kind.xRequestId) === 1 ? `x-request-id: ${head.marked(Kind.xRequestId)}\r\n` : "";
}

/**
 * What stands before the fields that a guest may change: those that it may only read, behind the end of a line.
 *
 * @param isCoded whether the body will have another length than the one that is known
 */
export function requestPreface(
  { head }: Exchange,
  { authority, body }: RequestDraft,
  isCoded: boolean,
): string {
  const host = authority === "" ? "\n" : `\nhost: ${authority}\r\n`;
  return isCoded ? host : host + lengthLine(body === null ? head.contentLength : byteLength(body));
}

export function attemptPreface(exchange: Exchange, attempt: RequestDraft, isCoded: boolean): string {
  const { attempts, head, client } = exchange;
  const { method, authority, path, query, endpoint } = attempt;
  const url = `${clientScheme(head, client.side)}://${authority}${path}${query}`;
  const cluster = attempt.cluster ?? clusterFor(exchange).name;
  const number = `${attempts.nextNumber}${attempts.isRetry ? "!" : ""}`;
  const before = placeText(attempts);
  const preface = requestPreface(exchange, attempt, isCoded);
  return `${number} ${endpoint ?? "-"} ${cluster} ${method} ${url}${before}${preface}`;
}

/**
 * @param attempts says who answered
 * @param length of the body as the endpoint tells it; negative when it does not
 * @param isCoded whether it will have another one
 */
export function responsePreface(
  { status, reason, error, body }: ResponseDraft,
  attempts: Attempts,
  length: number,
  isCoded: boolean,
): string {
  const failure = error === "" ? "" : `!${error}`;
  const place = placeText(attempts);
  const known = body === undefined ? length : knownLength(body, status);
  const told = isCoded || known < 0 ? "" : `content-length: ${known}\r\n`;
  return `${status}${failure} ${reason}${place}\n${told}`;
}

/** Who was asked last; empty: nobody. */
function placeText({ endpoint, cluster }: Attempts): string {
  return endpoint === null ? "" : `${mark}${endpoint.name}${mark}${cluster!.name}`;
}

/** Negative where it is not known. */
function knownLength(body: NonNullable<ResponseDraft["body"]> | null, status: number): number {
  if (body === null) return status === 204 || status === 304 ? -1 : 0;
  return body instanceof GuestBody ? -1 : byteLength(body);
}

function lengthLine(contentLength: number): string {
  return contentLength > 0 ? `content-length: ${contentLength}\r\n` : "";
}
