/** The handler that a guest was in when it was lost. */
import { type HandlerName, MessageKind, messageParts } from "../../../sdk/runtime/message.ts";
import type { Batch } from "./queue.ts";

const handlers: Readonly<Record<string, HandlerName>> = {
  [MessageKind.request]: "onRequest",
  [MessageKind.requestBody]: "onRequestBody",
  [MessageKind.upstream]: "onUpstream",
  [MessageKind.response]: "onResponse",
  [MessageKind.responseBody]: "onResponseBody",
  [MessageKind.log]: "onLog",
  [MessageKind.discover]: "discover",
};

/** Null: the message is for none. */
export function handlerOf(kind: string): HandlerName | null {
  return handlers[kind] ?? null;
}

/**
 * Null where nobody knows: what goes on after an operation of the host is in the handler that waited for it, and behind
 * the last message any of the batch's may go on.
 *
 * @param begun messages that the guest says it has begun; a hostile one says what it likes
 */
export function enteredPhase({ alone, parts }: Batch, begun: number): HandlerName | null {
  if (alone !== null) return handlerOf(alone[0]!);
  const kinds = parts.filter((_, index) => index % messageParts === 0) as string[];
  const phases = kinds.map(handlerOf);
  if (begun > 0 && begun < phases.length) return phases[begun - 1]!;
  const [first = null, ...others] = new Set(phases.filter((phase) => phase !== null));
  return others.length === 0 ? first : null;
}
