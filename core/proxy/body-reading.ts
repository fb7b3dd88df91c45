/** Bodies that policies read as a whole: as they came, or as another policy has replaced them. */

import type { ProxyError } from "../errors.ts";
import { certain, mostArrived } from "../policy/body/arrived-text.ts";
import { GuestBody } from "../policy/body/guest-body.ts";
import { byteLength, bytesOf, tooLong } from "../policy/body/whole-body.ts";
import type { PolicyChain } from "../policy/chain.ts";
import type { Policy } from "../policy/policy.ts";
import type { RequestDraft } from "../policy/request-draft.ts";
import type { ResponseDraft } from "../policy/response-draft.ts";
import { HostCallError } from "../sandbox/host/error.ts";
import type { ExchangeBodies, Side } from "./exchange-bodies.ts";

/** Where a body is read from that nobody has replaced. */
interface BodyFlow {
  /** @throws HostCallError, by rejection too, when it is longer, or has gone on its way */
  readAll(limit: number): Promise<Uint8Array> | Uint8Array;
  /** Null: it is not all here. */
  arrivedText(limit: number): string | null;
}

/** What reading needs to know of an exchange. */
export interface BodyView {
  readonly exchange: { readonly isFinished: boolean; fail(error: ProxyError): void };
  readonly chain: PolicyChain;
  readonly bodies: ExchangeBodies;
  readonly request: RequestDraft;
  readonly requestFlow: BodyFlow;
  /** Null while there is none. */
  readonly response: ResponseDraft | null;
  readonly responseFlow: BodyFlow | null;
  /** What the policies behind see of the body is not what came. */
  onBodyReplaced(): void;
}

/** @throws HostCallError, by rejection too, when the policy cannot have it */
export function readBody(view: BodyView, side: Side, policy: Policy): Promise<Uint8Array> | Uint8Array {
  if (view.bodies.hasStages(side)) return readThrough(view, side, policy);
  return readReceived(view, side, policy.bodyBytes);
}

/** A body that is all here, as the text that it is; null: it has to be waited for, or is none. */
export function arrivedText(view: BodyView, side: Side, policy: Policy): string | null {
  const limit = Math.min(policy.bodyBytes, mostArrived);
  const replaced = side === "q" ? view.request.body : view.response?.body;
  if (view.bodies.hasStages(side) || (side === "s" && view.chain.isLocal && replaced === undefined))
    return null;
  if (typeof replaced === "string") return byteLength(replaced) > limit ? null : certain(replaced);
  if (replaced !== null && replaced !== undefined) return null;
  if (side === "q") return view.requestFlow.arrivedText(limit);
  return replaced === undefined ? view.responseFlow!.arrivedText(limit) : null;
}

/** What has passed the stages once takes the place of the body, unless it is to be coded on its way. */
async function readThrough(view: BodyView, side: Side, policy: Policy): Promise<Uint8Array> {
  const { exchange, bodies, chain } = view;
  const limit = policy.bodyBytes;
  const stages = bodies.stagesOf(side)!;
  const received = await readReceived(view, side, Math.min(limit, stages.limit));
  if (exchange.isFinished) throw exchangeIsOver();
  const whole = await bodies.pass(side, received, limit, (error) => exchange.fail(error));
  if (!stages.areForReading || stages.isOf(policy)) return whole;
  // Who keeps the body as it was before must not be given what came of it.
  if (side === "s" && !bodies.areRecordedBehindStages(chain.backwards)) return whole;
  const draft = side === "q" ? view.request : view.response!;
  draft.body = whole;
  stages.clear();
  view.onBodyReplaced();
  return whole;
}

function readReceived(view: BodyView, side: Side, limit: number): Promise<Uint8Array> | Uint8Array {
  const replaced = side === "q" ? view.request.body : view.response?.body;
  if (replaced instanceof GuestBody) return gather(view.response!, replaced, limit);
  // A reply that a policy made has no other body.
  if (side === "s" && (replaced === null || view.chain.isLocal)) return bytesOf(replaced ?? "", limit);
  if (replaced !== null && replaced !== undefined) return bytesOf(replaced, limit);
  return side === "q" ? view.requestFlow.readAll(limit) : view.responseFlow!.readAll(limit);
}

/** A streamed reply that another policy wants as a whole. */
async function gather(response: ResponseDraft, body: GuestBody, limit: number): Promise<Uint8Array> {
  const bytes = await body.readAll(limit, () => tooLong(limit));
  response.body = bytes;
  return bytes;
}

export function bodyWentOn(): HostCallError {
  return new HostCallError("InvalidStateError", "Cannot read the body: it has gone on its way");
}

/** A read without an end would be held for its guest for ever. */
export function exchangeIsOver(): HostCallError {
  return new HostCallError("AbortError", "Cannot read the body: its exchange is over");
}
