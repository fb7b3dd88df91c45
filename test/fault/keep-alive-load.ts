/** Clients that ask one request after the other and write down what went wrong. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { field, type Message, readMessage } from "../support/message.ts";
import { PeerEnded, RawPeer } from "../support/raw-peer.ts";

/** What a client saw instead of a response. */
export interface Failure {
  /** ms of `performance.now()`. */
  readonly at: number;
  readonly what: string;
}

/** Before a refused client tries again, ms. */
const retryDelay = 5;

/**
 * Load on a loopback port. A client keeps its connection until a response says `Connection: close`.
 *
 * @example
 * const load = new KeepAliveLoad(port, 16);
 * await load.stop();
 * t.same(load.failures, []);
 */
export class KeepAliveLoad {
  /** Requests that got no whole response with status 200. */
  readonly failures: Failure[] = [];
  /** Connections that were refused. */
  refused = 0;
  answered = 0;
  /** When the latest response was read, ms of `performance.now()`. */
  lastAnswer = 0;
  private readonly port: number;
  private readonly clients: Promise<void>[];
  private stopped = false;
  private wake = Promise.withResolvers<void>();

  constructor(port: number, clients: number) {
    this.port = port;
    this.clients = Array.from({ length: clients }, () => this.runClient());
  }

  /** Waits for so many more responses. */
  async answers(count: number): Promise<void> {
    for (const goal = this.answered + count; this.answered < goal; ) await this.wake.promise;
  }

  /** Each client finishes the request it is at. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  private async runClient(): Promise<void> {
    while (!this.stopped) {
      const socket = await this.open();
      if (socket === null) {
        this.refused++;
        await sleep(retryDelay);
      } else {
        await this.useConnection(new RawPeer(socket));
        socket.destroy();
      }
    }
  }

  private async open(): Promise<Socket | null> {
    const socket = connect({ port: this.port, host: "127.0.0.1", noDelay: true });
    try {
      await once(socket, "connect");
      return socket;
    } catch {
      return null;
    }
  }

  private async useConnection(peer: RawPeer): Promise<void> {
    while (!this.stopped) {
      peer.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
      const response = await this.response(peer);
      if (response === null || field(response, "connection") === "close") return;
    }
  }

  private async response(peer: RawPeer): Promise<Message | null> {
    try {
      const response = await readMessage(peer);
      if (response.status !== 200) this.fail(`${response.startLine} ${response.body}`);
      this.answered++;
      this.lastAnswer = performance.now();
      this.wake.resolve();
      this.wake = Promise.withResolvers();
      return response;
    } catch (error) {
      if (!(error instanceof PeerEnded)) throw error;
      this.fail(error.message);
      return null;
    }
  }

  private fail(what: string): void {
    this.failures.push({ at: performance.now(), what });
  }
}
