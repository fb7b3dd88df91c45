/**
 * Reads accepted sockets into one buffer that they share, as `onread` does for sockets that
 * connect. By default Node allocates 64 KiB for each read and passes it through a stream; a
 * small request costs 0.9 µs less of 15 without that (`npm run bench -- --rows small`).
 *
 * `net.Server` has no option for it, so its connection handler is replaced: this file alone
 * knows the names. Where they are missing, and for TLS, sockets are read as streams.
 */
import { type Server, Socket, type SocketConstructorOpts } from "node:net";

/** Who reads a socket. */
export interface Reader {
  /** The bytes are valid during the call only: see {@link keep}. */
  onBytes(bytes: Buffer, length: number): void;
}

const shared = Buffer.allocUnsafeSlow(64 * 1024);

const reader = Symbol("reader");
type ReadSocket = Socket & { [reader]?: Reader; [direct]?: true };
const direct = Symbol("direct");

/** What Node keeps of a server that listens; `this` in the handler is the handle itself. */
interface ServerHandle {
  onconnection?: (this: ServerHandle, status: number, client?: ClientHandle) => void;
}

interface ClientHandle {
  setNoDelay?: (on: boolean) => void;
}

const onread = {
  buffer: shared,
  callback(this: ReadSocket, length: number, bytes: Buffer): boolean {
    // Nobody reads a connection that is refused: its bytes are thrown away.
    this[reader]?.onBytes(bytes, length);
    return true;
  },
} as unknown as NonNullable<SocketConstructorOpts["onread"]>;

/**
 * Hands the connections of a listening server over, to be read by {@link readFrom}.
 *
 * @param applies asked for each connection; where it says no the server's own handler runs
 */
export function acceptDirectly(
  server: Server,
  accept: (socket: Socket) => void,
  applies: () => boolean,
): void {
  const handle = (server as { _handle?: ServerHandle })._handle;
  const original = handle?.onconnection;
  if (handle === undefined || typeof original !== "function") return;
  handle.onconnection = function onConnection(status, client) {
    if (status !== 0 || client === undefined || !applies()) {
      original.call(this, status, client);
      return;
    }
    client.setNoDelay?.(true);
    const options = { handle: client, onread, readable: true, writable: true };
    const socket: ReadSocket = new Socket(options as SocketConstructorOpts);
    socket[direct] = true;
    accept(socket);
  };
}

/** Reads a socket that a listener accepted, until it ends. To be called when it is handed over. */
export function readFrom(socket: Socket, by: Reader): void {
  const read: ReadSocket = socket;
  read[reader] = by;
  if (read[direct] !== true) socket.on("data", onData);
}

/** Bytes of the current read, fit to be held on to. */
export function keep(bytes: Buffer, start: number, end: number): Buffer {
  const slice = bytes.subarray(start, end);
  return bytes === shared ? Buffer.from(slice) : slice;
}

function onData(this: ReadSocket, bytes: Buffer): void {
  this[reader]!.onBytes(bytes, bytes.length);
}
