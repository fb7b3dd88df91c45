import { readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { runDelay } from "./run-delay.ts";

export interface Probes {
  readonly count: number;
  /** The longest time without an answer, in ms, without `runDelay`: whoever asks in it waits for the rest of it. */
  readonly longest: number;
  /** Answers that were not as they should be. */
  readonly wrong: readonly string[];
}

/** Asks for the innocent route, one request behind the other, until it is told to stop. */
export class Prober {
  private readonly peer: RawPeer;
  private readonly probing: Promise<void>;
  private stopped = false;
  private count = 0;
  private longest = 0;
  private readonly wrong: string[] = [];

  constructor(peer: RawPeer) {
    this.peer = peer;
    this.probing = this.probe();
  }

  async stop(): Promise<Probes> {
    this.stopped = true;
    await this.probing;
    this.peer.socket.destroy();
    const { count, longest, wrong } = this;
    return { count, longest, wrong };
  }

  private async probe(): Promise<void> {
    let answered = performance.now() - runDelay();
    while (!this.stopped) {
      this.peer.write("GET /innocent HTTP/1.1\r\nHost: a.test\r\n\r\n");
      const { startLine, fields, body } = await readMessage(this.peer);
      const now = performance.now() - runDelay();
      this.longest = Math.max(this.longest, now - answered);
      answered = now;
      this.count++;
      const seen = `${startLine} ${new Map(fields).get("x-innocent")} ${body}`;
      if (seen !== "HTTP/1.1 200 OK ?c0 2-4-6{}") this.wrong.push(seen);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
