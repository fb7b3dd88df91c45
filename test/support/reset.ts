import type { Socket } from "node:net";

/**
 * Ends a connection by a reset. Node closes a socket that waits for its shutdown neither by a
 * reset nor at all, so that one is closed without.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
