import type { Socket } from "node:net";
import { keep, readFrom } from "../../core/net/incoming.ts";

/** Sends what an accepted socket brings back to it. */
export function echo(socket: Socket): void {
  readFrom(socket, { onBytes: (bytes, length) => void socket.write(keep(bytes, 0, length)) });
}
