import { type ChildProcess, fork, type SendHandle } from "node:child_process";
import { beatInterval, RemotePlane } from "../data/calls.ts";
import { type Channel, childChannel } from "../data/channel.ts";
import { processEntry } from "../data/entry.ts";
import type { HandleMessage } from "../data/handles.ts";

/** Beats that may be missed in a row (3 s). */
const missedBeatsAllowed = 12;

/** Time for a process to boot and beat for the first time, in beats (15 s). */
const bootBeatsAllowed = 60;

export interface DataExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was alive, but its event loop had stopped turning. */
  readonly stalled: boolean;
}

/** One run of the data process. It is killed when its heart stops beating. */
export class DataProcess {
  readonly plane: RemotePlane;
  readonly exited: Promise<DataExit>;
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  #missedBeats = missedBeatsAllowed - bootBeatsAllowed;
  #stalled = false;

  constructor(reactors: number) {
    this.#child = fork(processEntry, [String(reactors)], {
      env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize(reactors) },
    });
    this.#channel = childChannel(this.#child);
    this.plane = new RemotePlane(this.#channel);
    this.exited = this.#untilExit();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Hands over a bound socket; this process keeps its own hold on it. */
  sendHandle(message: HandleMessage, handle: unknown): void {
    this.#channel.send(message, handle as SendHandle);
  }

  /** Lets the process end by itself, which it does when its channel closes. */
  hangUp(): void {
    if (this.#child.connected) {
      this.#child.disconnect();
    }
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #untilExit(): Promise<DataExit> {
    // Beats are counted against this process's own ticks: a machine that slept misses neither.
    const heart = setInterval(() => this.#checkHeart(), beatInterval);
    const { promise, resolve } = Promise.withResolvers<Omit<DataExit, "stalled">>();
    this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    this.#child.once("error", () => resolve({ code: null, signal: null }));
    const exit = await promise;
    clearInterval(heart);
    return { ...exit, stalled: this.#stalled };
  }

  #checkHeart(): void {
    this.#missedBeats = this.plane.takeBeat() ? 0 : this.#missedBeats + 1;
    if (this.#missedBeats > missedBeatsAllowed) {
      this.#stalled = true;
      this.kill();
    }
  }
}

/** Every reactor may have a write to a stalled log in the pool; names and files must still resolve. */
function threadPoolSize(reactors: number): string {
  return process.env["UV_THREADPOOL_SIZE"] ?? String(4 + reactors);
}
