import type { ChildProcess, SendHandle } from "node:child_process";
import { launch } from "#launch";
import type { Config } from "../../config/model.ts";
import { RemotePlane } from "../../data/calls.ts";
import { type Channel, childChannel } from "../../data/channel.ts";
import type { Entry } from "../../data/entry-trace.ts";
import type { HandleMessage } from "../../data/handles.ts";
import { canPassHandles } from "../../net/bound-handle.ts";
import type { Launched } from "./launch.ts";
import { Silence } from "./silence.ts";
import type { TraceFile } from "./trace-file.ts";

/** Signals with which a process ends itself when V8 gives up or memory is wrong. */
const ownEnds: ReadonlySet<string> = new Set(["SIGABRT", "SIGTRAP", "SIGILL", "SIGSEGV", "SIGBUS"]);

export interface DataExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was alive, but its event loop had stopped turning. */
  readonly stalled: boolean;
  /** The plugin it was in; null: none, or it is not known. */
  readonly inside: Entry | null;
}

/** Somebody else ended it: an operator, or the kernel for want of memory. */
export function wasKilled({ signal, stalled }: DataExit): boolean {
  return signal !== null && !stalled && !ownEnds.has(signal);
}

export interface DataProcessOptions {
  /** What it is going to serve; on some runtimes it is started with the permissions for this alone. */
  readonly config: Config;
  readonly reactors: number;
  /** Of this process alone, which closes it. Null: there are no plugins, or nothing to tell of them. */
  readonly trace: TraceFile | null;
  readonly hasPlugins: boolean;
  /** For how long each entry into a guest is traced, in ms. */
  readonly exactTrace: number;
  /** It is in a guest and silent (true), or has come back (false). */
  readonly onSuspicion: (isStuck: boolean) => void;
}

/** One run of the data process. It is killed when its heart stops beating. */
export class DataProcess {
  readonly plane: RemotePlane;
  readonly exited: Promise<DataExit>;
  readonly #options: DataProcessOptions;
  readonly #ended = Promise.withResolvers<Pick<DataExit, "code" | "signal">>();
  readonly #startedAt = performance.now();
  readonly #launched: Launched;
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #silence: Silence;
  #heart: NodeJS.Timeout | undefined;
  #isSuspected = false;
  #stalled = false;
  /** Whom it was in when it was killed. */
  #stuckIn: Entry | null = null;

  constructor(options: DataProcessOptions) {
    const { config, reactors, trace, exactTrace, hasPlugins } = options;
    this.#options = options;
    this.#launched = launch({
      config,
      args: [String(reactors), ...(trace === null ? [] : [String(exactTrace)])],
      env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize(reactors) },
      hasPlugins,
      descriptor: trace?.descriptor ?? null,
    });
    this.#child = this.#launched.child;
    this.#channel = childChannel(this.#child);
    this.plane = new RemotePlane(this.#channel);
    this.#silence = new Silence({ pid: this.pid, reactors, trace });
    this.exited = this.#untilExit();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it will be known which plugin it was in when it ended. */
  get isTraced(): boolean {
    return this.#options.trace !== null;
  }

  /** @throws Error when the config needs what the process was started without */
  demand(config: Config): void {
    this.#launched.demand(config);
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
    this.plane.onBeat = () => {
      this.#silence.beat();
      this.#suspect(false);
      this.#watchHeart();
    };
    this.#watchHeart();
    this.#child.once("exit", (code, signal) => this.#ended.resolve({ code, signal }));
    this.#child.once("error", () => this.#ended.resolve({ code: null, signal: null }));
    const exit = await this.#ended.promise;
    this.plane.onBeat = () => {};
    clearTimeout(this.#heart);
    const inside = this.#insideAtEnd(exit.signal);
    this.#options.trace?.close();
    return { ...exit, stalled: this.#stalled, inside };
  }

  #watchHeart(): void {
    const { pause } = this.#silence;
    clearTimeout(this.#heart);
    this.#heart = setTimeout(() => {
      this.#checkHeart(pause);
      this.#watchHeart();
    }, pause);
  }

  #checkHeart(waited: number): void {
    const { isOver, stuckIn } = this.#silence.look(waited);
    // Only a beat says that it has come back.
    if (stuckIn !== null) this.#suspect(true);
    if (!isOver) return;
    this.#stalled = true;
    this.#stuckIn = stuckIn;
    this.kill();
    // The kernel takes its time to free gigabytes; the next process needs nothing of this one.
    if (canPassHandles()) this.#ended.resolve({ code: null, signal: "SIGKILL" });
  }

  #suspect(isStuck: boolean): void {
    if (isStuck === this.#isSuspected) return;
    this.#isSuspected = isStuck;
    this.#options.onSuspicion(isStuck);
  }

  /**
   * A process that somebody else killed, or that did not run at all, was not necessarily inside the guest that it
   * entered last.
   */
  #insideAtEnd(signal: NodeJS.Signals | null): Entry | null {
    if (this.#stuckIn !== null) return this.#stuckIn;
    const isExact = !this.#stalled && performance.now() - this.#startedAt < this.#options.exactTrace;
    const tells = isExact || (signal !== null && ownEnds.has(signal));
    return tells ? this.#silence.inside() : null;
  }
}

/**
 * Every reactor may have a write to a stalled log in the pool, and two operations of its plugins' crypto; names and files
 * must still resolve.
 */
function threadPoolSize(reactors: number): string {
  return process.env["UV_THREADPOOL_SIZE"] ?? String(2 + 3 * reactors);
}
