import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TlsFacts } from "../net/tls/facts.ts";

/** Bytes on their way to one side before the other has to wait, as in the buffers of a kernel. */
const window = 64 * 1024;

/** Of a pair: what is written to one end arrives at the other in a later turn of the event loop. */
export interface SocketPair {
  readonly near: Socket;
  readonly far: Socket;
}

/**
 * Two sockets that are connected without a network.
 *
 * @param address of the near end, as the far end sees it
 * @param tls what the far end knows of the near one by it; absent: there is none
 */
export function socketPair(address: string, tls: TlsFacts | null = null): SocketPair {
  const near = new MemorySocket();
  const far = tls === null ? new MemorySocket() : new EncryptedMemorySocket(tls);
  near.peer = far;
  far.peer = near;
  far.remoteAddress = address;
  return { near: near as unknown as Socket, far: far as unknown as Socket };
}

/** As much of `net.Socket` as the proxy uses. */
class MemorySocket extends Duplex {
  peer!: MemorySocket;
  remoteAddress: string | undefined = "127.0.0.1";
  /** Bytes that have left the other end and are not here yet. */
  private underWay = 0;
  private onRoom: (() => void) | null = null;
  private hasEnded = false;
  private isReset = false;

  constructor() {
    super({ allowHalfOpen: false, highWaterMark: window });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    const { peer } = this;
    if (peer.destroyed) {
      done(Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" }));
      return;
    }
    // Whoever wrote it may use its memory again, as after a write to the kernel.
    peer.receive(Buffer.from(chunk));
    if (peer.isFull) peer.onRoom = done;
    else done();
  }

  override _final(done: () => void): void {
    setImmediate(() => this.peer.receiveEnd());
    done();
  }

  override _read(): void {
    const { onRoom } = this;
    this.onRoom = null;
    onRoom?.();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this._read();
    setImmediate(() => {
      if (this.isReset) this.peer.receiveReset();
      else this.peer.receiveEnd();
    });
    done(error);
  }

  private get isFull(): boolean {
    return this.underWay + this.readableLength >= window;
  }

  private receive(bytes: Buffer): void {
    this.underWay += bytes.length;
    setImmediate(() => {
      this.underWay -= bytes.length;
      if (!this.destroyed && !this.hasEnded) this.push(bytes);
    });
  }

  private receiveEnd(): void {
    if (this.destroyed || this.hasEnded) return;
    this.hasEnded = true;
    this.push(null);
  }

  private receiveReset(): void {
    if (!this.destroyed)
      this.destroy(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" }));
  }

  resetAndDestroy(): this {
    this.isReset = true;
    return this.destroy();
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  setNoDelay(): this {
    return this;
  }
}

/** As much of `tls.TLSSocket` as the proxy uses; nothing is encrypted. */
class EncryptedMemorySocket extends MemorySocket {
  readonly servername: string | false;
  readonly authorized: boolean;
  private readonly tls: TlsFacts;

  constructor(tls: TlsFacts) {
    super();
    this.tls = tls;
    this.servername = tls.serverName ?? false;
    this.authorized = tls.certificate !== null;
  }

  getProtocol(): string {
    return this.tls.protocol;
  }

  getPeerX509Certificate(): TlsFacts["certificate"] {
    return this.tls.certificate;
  }
}
