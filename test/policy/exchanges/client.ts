import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type StrictMessage, StrictReader, statusOf } from "./strict-reader.ts";

/** ms for what has to come. */
const patience = 6000;

/** The client's end of a connection. */
export class Client {
  readonly socket: Socket;
  readonly responses: StrictMessage[] = [];
  /** Of the requests that were sent, in order. */
  readonly methods: string[] = [];
  fault: string | null = null;
  isOver = false;
  isBroken = false;
  interim = 0;
  private wake = Promise.withResolvers<void>();
  private readonly reader: StrictReader;

  constructor(socket: Socket) {
    this.socket = socket;
    let isInterim = false;
    this.reader = new StrictReader(false, {
      onHead: (message) => {
        const status = statusOf(message);
        isInterim = status < 200;
        const method = this.methods[this.responses.length];
        if (method === undefined) throw new Error(`${message.startLine}, for which nobody asked`);
        return isInterim || status === 204 || status === 304 || method === "HEAD";
      },
      onMessage: (message) => {
        if (isInterim) this.interim++;
        else this.responses.push(message);
        this.changed();
      },
    });
    socket.on("data", (bytes: Buffer) => {
      try {
        this.reader.read(bytes);
      } catch (error) {
        this.fault ??= (error as Error).message;
        socket.destroy();
      }
    });
    const over = (isWhole: boolean): void => {
      if (this.isOver) return;
      this.isOver = true;
      this.isBroken = !(isWhole ? this.reader.end() : !this.reader.isInside);
      this.changed();
    };
    socket.on("end", () => over(true));
    socket.on("error", () => over(false));
    socket.on("close", () => over(false));
  }

  get isInside(): boolean {
    return this.reader.isInside;
  }

  /** Returns false when it does not come to that in time. */
  async until(isThere: () => boolean, time = patience): Promise<boolean> {
    const late = sleep(time, "late", { ref: false });
    while (!isThere()) {
      if (this.isOver) return false;
      if ((await Promise.race([this.wake.promise, late])) === "late") return isThere();
    }
    return true;
  }

  private changed(): void {
    this.wake.resolve();
    this.wake = Promise.withResolvers();
  }
}
