/**
 * Passes the events of a socket on to its owner through functions that all sockets share:
 * an idle connection should not cost five closures.
 */
import type { Socket } from "node:net";
import { type Reader, readFrom } from "../../net/incoming.ts";

export interface SocketOwner extends Reader {
  /** The peer will send nothing more. */
  onSocketEnd(): void;
  onSocketClosed(): void;
  /** What was written has left the process. */
  onSocketDrained(): void;
}

const owner = Symbol("owner");
type OwnedSocket = Socket & { [owner]: SocketOwner };

export function ownSocket(socket: Socket, by: SocketOwner): void {
  (socket as OwnedSocket)[owner] = by;
  readFrom(socket, by);
  socket.on("end", onEnd);
  socket.on("error", onError);
  socket.on("close", onClose);
  socket.on("drain", onDrain);
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[owner].onSocketEnd();
}

/** `close` follows. */
function onError(): void {}

function onClose(this: Socket): void {
  (this as OwnedSocket)[owner].onSocketClosed();
}

function onDrain(this: Socket): void {
  (this as OwnedSocket)[owner].onSocketDrained();
}
