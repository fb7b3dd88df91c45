import type { Socket } from "node:net";

/** What Node's streams keep of themselves; `net.Socket` has no option for it. */
interface StreamStates {
  readonly _readableState?: { autoDestroy: boolean };
  readonly _writableState?: { autoDestroy: boolean };
}

/**
 * Lets a socket be read after a write to it failed. A server that answers early and closes makes the next
 * write fail while its answer waits in the kernel (RFC 9112 section 9.6), and Node would destroy the socket
 * with the answer in it. From here on the owner must destroy the socket at its `end` and at an `error`.
 */
export function keepReadingAfterWriteError(socket: Socket): void {
  const { _readableState, _writableState } = socket as unknown as StreamStates;
  if (_writableState !== undefined) _writableState.autoDestroy = false;
  if (_readableState === undefined) return;
  _readableState.autoDestroy = false;
  // A write that meets a reset takes it from the reads, which then find an end. Node keeps that to itself after any error.
  Object.defineProperty(_readableState, "errored", { get: () => null, set: () => {} });
}
