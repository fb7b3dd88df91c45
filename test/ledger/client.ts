/** A client that keeps an account of every request it sends: one connection after the other. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../support/random.ts";
import { reset } from "../support/reset.ts";
import { requestContent } from "./content.ts";
import { type ClientEntry, idempotentMethods, type Outcome, otherMethods } from "./entries.ts";
import { judgeResponse } from "./judge.ts";
import { type Message, MessageParser } from "./message-parser.ts";

export interface SentRequest {
  readonly id: string;
  readonly method: string;
}

const bodiless = new Set(["GET", "HEAD", "DELETE"]);

/** Sends requests until told to stop, then finishes the connection it has. */
export class Client {
  readonly entries: ClientEntry[] = [];
  private readonly port: number;
  private readonly random: Random;
  private readonly name: string;
  private sequence = 0;
  private stopped = false;

  constructor(port: number, name: string, random: Random) {
    this.port = port;
    this.name = name;
    this.random = random;
  }

  stop(): void {
    this.stopped = true;
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      const connection = new ClientConnection(connect(this.port, "127.0.0.1"), this.random, this.entries);
      await connection.opened;
      for (let batches = this.random.int(1, 30); batches > 0 && !this.stopped; batches--) {
        if (!(await connection.exchange(this.nextBatch()))) break;
      }
      await connection.close();
    }
  }

  private nextBatch(): SentRequest[] {
    const { random } = this;
    const length = random.chance(0.2) ? random.int(2, 5) : 1;
    return Array.from({ length }, () => ({
      id: `${this.name}.${this.sequence++}`,
      method: random.pick(random.chance(0.6) ? idempotentMethods : otherMethods),
    }));
  }
}

class ClientConnection {
  readonly opened: Promise<unknown>;
  private readonly socket: Socket;
  private readonly random: Random;
  private readonly entries: ClientEntry[];
  private readonly closed: Promise<void>;
  private readonly parser: MessageParser;
  private waiting: SentRequest[] = [];
  private onAnswered: () => void = () => {};
  private isOver = false;
  private wasReset = false;
  private aborted = false;
  private told = false;

  constructor(socket: Socket, random: Random, entries: ClientEntry[]) {
    this.socket = socket;
    this.random = random;
    this.entries = entries;
    this.parser = new MessageParser({
      onHead: (startLine, fields) => this.hasBody(startLine, fields),
      onMessage: (message) => this.onMessage(message),
    });
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    this.opened = once(socket, "connect");
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.onData(bytes));
    socket.on("error", () => {
      this.wasReset = true;
    });
    socket.on("close", () => this.onClose());
  }

  /** Sends requests at once and waits for their ends. Returns whether the connection may carry more. */
  async exchange(requests: SentRequest[]): Promise<boolean> {
    this.waiting = requests;
    const answered = new Promise<void>((resolve) => {
      this.onAnswered = resolve;
    });
    if (this.isOver) this.settleWaiting();
    else this.planAbort();
    for (const request of [...requests]) await this.send(request);
    await answered;
    return !this.isOver && !this.told;
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  private planAbort(): void {
    if (!this.random.chance(0.02)) return;
    setTimeout(
      () => {
        if (this.waiting.length === 0) return;
        this.aborted = true;
        if (this.random.chance(0.5)) reset(this.socket);
        else this.socket.destroy();
      },
      this.random.int(0, 10),
    );
  }

  private async send({ id, method }: SentRequest): Promise<void> {
    const fields = `Host: ledger\r\nX-Ledger-Id: ${id}\r\nX-Request-Id: ${id}\r\n`;
    const head = `${method} /entry/${id} HTTP/1.1\r\n${fields}`;
    if (bodiless.has(method)) {
      this.write(`${head}\r\n`);
      return;
    }
    const body = requestContent(id);
    const chunked = this.random.chance(0.4);
    this.write(`${head}${chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`}\r\n\r\n`);
    for (const part of this.split(body)) {
      this.write(chunked ? Buffer.from(`${part.length.toString(16)}\r\n`) : "");
      this.write(part);
      if (chunked) this.write("\r\n");
      if (this.random.chance(0.05)) await sleep(this.random.int(1, 5));
    }
    if (chunked) this.write("0\r\n\r\n");
  }

  private *split(body: Buffer): Generator<Buffer> {
    for (let at = 0; at < body.length; ) {
      const end = Math.min(body.length, at + this.random.int(1, 40_000));
      yield body.subarray(at, end);
      at = end;
    }
  }

  private write(bytes: string | Buffer): void {
    if (bytes.length > 0 && this.socket.writable) this.socket.write(bytes);
  }

  // --- responses

  private onData(bytes: Buffer): void {
    try {
      this.parser.read(bytes);
    } catch (error) {
      this.settle("wrong", `unreadable: ${(error as Error).message}`);
      this.socket.destroy();
      return;
    }
    if (this.random.chance(0.02)) this.readLater();
  }

  private readLater(): void {
    this.socket.pause();
    setTimeout(() => this.socket.resume(), this.random.int(1, 30));
  }

  private hasBody(startLine: string, fields: ReadonlyMap<string, string>): boolean {
    const status = Number(startLine.slice(9, 12));
    if (status < 200 || status === 204 || status === 304 || this.waiting[0]?.method === "HEAD") return false;
    if (!fields.has("content-length") && !fields.has("transfer-encoding")) {
      throw new Error("a response without a length");
    }
    return true;
  }

  private onMessage(message: Message): void {
    if (message.startLine.startsWith("HTTP/1.1 1")) return;
    const request = this.waiting[0];
    if (request === undefined) {
      this.entries.push({
        id: "none",
        outcome: "wrong",
        detail: `a response too many: ${message.startLine}`,
      });
      return;
    }
    const { outcome, detail } = judgeResponse(request, message);
    this.told ||= message.fields.get("connection") === "close";
    this.settle(outcome, detail);
  }

  private settle(outcome: Outcome, detail: string): void {
    const request = this.waiting.shift();
    if (request === undefined) return;
    this.entries.push({ id: request.id, outcome, detail });
    if (this.waiting.length === 0) this.onAnswered();
  }

  // --- the end

  private onClose(): void {
    this.isOver = true;
    this.settleWaiting();
    this.onAnswered();
  }

  private settleWaiting(): void {
    let inside = this.parser.isInside;
    while (this.waiting.length > 0) {
      this.settle(...this.endWithoutResponse(inside));
      inside = false;
    }
  }

  private endWithoutResponse(inside: boolean): [Outcome, string] {
    if (this.aborted) return ["aborted", ""];
    if (inside) return ["broken", "inside"];
    if (this.told) return ["unanswered", ""];
    // A reset because of one response takes earlier ones with it that were still on their way.
    if (this.wasReset) return ["broken", "reset"];
    return ["wrong", "lost: the connection ended in good order without a response"];
  }
}
