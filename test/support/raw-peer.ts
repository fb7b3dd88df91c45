import type { Socket } from "node:net";

/** How the other side of a connection ended it. */
export type Ending = "end" | "reset";

/** The connection ended before what was waited for arrived. */
export class PeerEnded extends Error {
  override readonly name = "PeerEnded";
}

/**
 * One side of a connection, in bytes: writes what it is told and keeps what it reads, as latin1, until a
 * test takes it.
 */
export class RawPeer {
  readonly socket: Socket;
  /** Bytes read so far. */
  received = 0;
  /** Read and not taken. */
  text = "";
  private ending: Ending | null = null;
  private wake = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.received += bytes.length;
      this.text += bytes.toString("latin1");
      this.changed();
    });
    socket.on("end", () => this.end("end"));
    socket.on("error", () => this.end("reset"));
    socket.on("close", () => this.end("end"));
  }

  /** Sends latin1 text or bytes. */
  write(data: string | Buffer): void {
    this.socket.write(data as string, "latin1");
  }

  /** Says that nothing more will be sent. */
  close(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /**
   * Waits for the pattern and takes everything up to and with it.
   *
   * @throws PeerEnded when the connection ends first
   */
  async take(pattern: string | RegExp): Promise<string> {
    for (;;) {
      const end = endOfMatch(this.text, pattern);
      if (end >= 0) return this.cut(end);
      await this.more(`${pattern}`);
    }
  }

  /** @throws PeerEnded when the connection ends first */
  async takeLength(length: number): Promise<string> {
    while (this.text.length < length) await this.more(`${length} bytes`);
    return this.cut(length);
  }

  /** Takes everything until the other side ends. */
  async takeRest(): Promise<string> {
    await this.ended();
    return this.cut(this.text.length);
  }

  /** Waits for the end that the other side makes. */
  async ended(): Promise<Ending> {
    while (this.ending === null) await this.wake.promise;
    return this.ending;
  }

  get isOpen(): boolean {
    return this.ending === null;
  }

  private async more(awaited: string): Promise<void> {
    if (this.ending !== null) {
      throw new PeerEnded(`Waited for ${awaited}, got ${this.ending} after ${JSON.stringify(this.text)}`);
    }
    await this.wake.promise;
  }

  private cut(length: number): string {
    const taken = this.text.slice(0, length);
    this.text = this.text.slice(length);
    return taken;
  }

  private end(ending: Ending): void {
    this.ending ??= ending;
    this.changed();
  }

  private changed(): void {
    this.wake.resolve();
    this.wake = Promise.withResolvers();
  }
}

function endOfMatch(text: string, pattern: string | RegExp): number {
  if (typeof pattern === "string") {
    const at = text.indexOf(pattern);
    return at < 0 ? -1 : at + pattern.length;
  }
  const match = pattern.exec(text);
  return match === null ? -1 : match.index + match[0].length;
}
