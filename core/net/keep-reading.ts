import type { Socket } from "node:net";

/** What Node's streams keep of themselves; `net.Socket` has no option for it. */
interface StreamStates {
  readonly _readableState?: { autoDestroy: boolean; errored: Error | null };
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
  socket.on("error", () => {
    // What failed is the write. A write that met a reset has taken it from the reads: they find an end, which Node keeps
    // to itself after any error.
    _readableState.errored = null;
  });
}
