/** Bodies that policies read as a whole: as they came, or as another policy has replaced them. */

import type { ProxyError } from "../errors.ts";
import { certain, mostArrived } from "../policy/body/arrived-text.ts";
import { responseBodyFailures } from "../policy/body/failures.ts";
import { GuestBody } from "../policy/body/guest-body.ts";
import { bodyWentOn, exchangeIsOver } from "../policy/body/readings.ts";
import { byteLength, bytesOf } from "../policy/body/whole-body.ts";
import type { PolicyChain } from "../policy/chain.ts";
import type { Policy } from "../policy/policy.ts";
import type { RequestDraft } from "../policy/request-draft.ts";
import type { ResponseDraft } from "../policy/response-draft.ts";
import { HostCallError } from "../sandbox/host/error.ts";
import type { ExchangeBodies, Side } from "./exchange-bodies.ts";

/** Where a body is read from that nobody has replaced. */
interface BodyFlow {
  /** @throws HostCallError, by rejection too, when it is longer, or has gone on its way */
  readAll(limit: number, policy: Policy): Promise<Uint8Array> | Uint8Array;
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
  /** Whether the message is with the policy: what is done with its body is up to it. */
  isAt(side: Side, policy: Policy): boolean;
  /** What the policies behind see of the body is not what came. */
  onBodyReplaced(): void;
}

/** @throws HostCallError, by rejection too, when the policy cannot have it */
export function readBody(view: BodyView, side: Side, policy: Policy): Promise<Uint8Array> | Uint8Array {
  if (view.bodies.hasStages(side)) return readThrough(view, side, policy);
  return readReceived(view, side, policy, policy.bodyBytes);
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
  const { changes } = stages;
  const isStale = () => stages.changes !== changes && !view.isAt(side, policy);
  // Body phases come later.
  const asItComes = stages.limit(() => false);
  const received = await readReceived(view, side, policy, Math.min(limit, asItComes));
  if (exchange.isFinished) throw exchangeIsOver();
  // What was to be done with the body that was read is not known any more.
  if (isStale()) throw bodyWentOn();
  const whole = await bodies.pass(side, received, limit, (error) => {
    if (!isStale()) exchange.fail(error);
  });
  // Others may have put another body in its place by now.
  if (!view.isAt(side, policy) || !stages.areForReading || stages.isOf(policy)) return whole;
  // Who keeps the body as it was before must not be given what came of it.
  if (side === "s" && !bodies.areRecordedBehindStages(chain.backwards)) return whole;
  const draft = side === "q" ? view.request : view.response!;
  draft.body = whole;
  stages.clear();
  view.onBodyReplaced();
  return whole;
}

function readReceived(
  view: BodyView,
  side: Side,
  policy: Policy,
  limit: number,
): Promise<Uint8Array> | Uint8Array {
  const replaced = side === "q" ? view.request.body : view.response?.body;
  if (replaced instanceof GuestBody) return gather(view, replaced, policy, limit);
  // A reply that a policy made has no other body.
  if (side === "s" && (replaced === null || view.chain.isLocal)) return bytesOf(replaced ?? "", limit);
  if (replaced !== null && replaced !== undefined) return bytesOf(replaced, limit);
  return side === "q" ? view.requestFlow.readAll(limit, policy) : view.responseFlow!.readAll(limit, policy);
}

/** A streamed reply that another policy wants as a whole. */
async function gather(view: BodyView, body: GuestBody, policy: Policy, limit: number): Promise<Uint8Array> {
  const response = view.response!;
  const isStill = () => response.body === body && !body.isOnItsWay;
  let bytes: Uint8Array;
  try {
    bytes = await view.bodies.readAll(body, limit, policy);
  } catch (error) {
    const isTooLong = error instanceof HostCallError && error.name === "RangeError";
    if (isTooLong && isStill() && view.isAt("s", policy))
      view.exchange.fail(responseBodyFailures.tooLarge(limit));
    throw error;
  }
  if (isStill()) {
    response.body = bytes;
    body.cancel();
  }
  return bytes;
}
