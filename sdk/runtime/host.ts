/**
 * The way out of the guest. Guest code must never get hold of `host`: it is called directly, by
 * its name in this module, and is given to nobody.
 */
import { HostOp } from "./host-op.ts";

type HostFunction = (
  op: number,
  id: number,
  text: string,
  bytes: Uint8Array | undefined,
) => string | Uint8Array | undefined;

/** What an operation comes to. */
export type HostResult = string | Uint8Array;

interface Pending {
  resolve(result: HostResult): void;
  reject(error: unknown): void;
}

let host: HostFunction;
let lastId = 0;
const pending = new Map<number, Pending>();

/** Connects the runtime to its host; once, before anything else. */
export function bindHost(call: HostFunction): void {
  host = call;
}

/**
 * A synchronous host call that answers with text.
 *
 * @throws what the host refused it with
 */
export function callText(op: number, text: string, bytes?: Uint8Array): string {
  return host0(op, text, bytes) as string;
}

/**
 * A synchronous host call that answers with bytes.
 *
 * @throws what the host refused it with
 */
export function callBytes(op: number, text: string, bytes?: Uint8Array): Uint8Array {
  return host0(op, text, bytes) as Uint8Array;
}

function host0(op: number, text: string, bytes?: Uint8Array): HostResult {
  return unwrap(host(op, 0, text, bytes)!);
}

/** A host call whose answer may come later. It is settled already when the host knew the answer. */
export function callAsync(op: number, text: string, bytes?: Uint8Array): Promise<HostResult> {
  return startCall(op, text, bytes).promise;
}

/** Like `callAsync`, with the number that `cancel` takes. */
export function startCall(
  op: number,
  text: string,
  bytes?: Uint8Array,
): { readonly id: number; readonly promise: Promise<HostResult> } {
  const id = ++lastId;
  const promise = new Promise<HostResult>((resolve, reject) => {
    const answer = host(op, id, text, bytes);
    if (answer === undefined) pending.set(id, { resolve, reject });
    else resolve(unwrap(answer));
  });
  return { id, promise };
}

/** Nobody waits for this operation any more: its promise stays as it is. */
export function cancel(id: number): void {
  if (pending.delete(id)) host(HostOp.cancel, id, "", undefined);
}

/**
 * Gives the host an outcome outside of the text that an entry returns.
 *
 * @param text number of what was put off, and the outcome (message.ts)
 * @throws TypeError for bytes that cannot cross: their buffer has gone elsewhere
 */
export function deliver(slot: number, text: string, bytes?: Uint8Array): void {
  if (host(HostOp.outcome, slot, text, bytes) !== "=")
    throw new TypeError("Cannot hand over bytes whose buffer was detached");
}

/** The host has finished an operation; `answer` is what a synchronous call would have returned. */
export function settle(id: number, answer: string | Uint8Array): void {
  const waiting = pending.get(id);
  if (waiting === undefined) return;
  pending.delete(id);
  try {
    waiting.resolve(unwrap(answer));
  } catch (error) {
    waiting.reject(error);
  }
}

/** Makes the error that a host call was refused with; the classes come from the runtime. */
let makeError = (_name: string, message: string): Error => new Error(message);

export function bindErrors(make: (name: string, message: string) => Error): void {
  makeError = make;
}

/** The guest's error for one of the host's. */
export function refusal(name: string, message: string): Error {
  return makeError(name, message);
}

function unwrap(answer: string | Uint8Array): HostResult {
  if (typeof answer !== "string") return answer;
  if (answer.charCodeAt(0) !== 0x21) return answer.slice(1);
  const colon = answer.indexOf(":");
  throw makeError(answer.slice(1, colon), answer.slice(colon + 1));
}
