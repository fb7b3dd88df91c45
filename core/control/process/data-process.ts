import type { ChildProcess, SendHandle } from "node:child_process";
import { launch } from "#launch";
import type { Config } from "../../config/model.ts";
import { beatInterval, RemotePlane } from "../../data/calls.ts";
import { type Channel, childChannel } from "../../data/channel.ts";
import type { Entry, ReactorTrace } from "../../data/entry-trace.ts";
import type { HandleMessage } from "../../data/handles.ts";
import { canPassHandles } from "../../net/bound-handle.ts";
import type { Launched } from "./launch.ts";
import { cpuTimeOf } from "./process-cpu.ts";
import type { TraceFile } from "./trace-file.ts";

/** Beats that may be missed in a row (3 s). */
const missedBeatsAllowed = 30;

/** Time for a process to boot and beat for the first time, in beats (15 s). */
const bootBeatsAllowed = 150;

/** Who is inside is asked from this silence on, in beats. */
const silenceNoticed = 1;

/** The next process is started in advance from this silence on, in beats. */
const silenceSuspected = 2;

/** Share of the silence that a reactor must have been busy to be stuck, and not only kept waiting. */
const busyShare = 0.25;

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
  #missedBeats = missedBeatsAllowed - bootBeatsAllowed;
  /** Whom it is in as far as the last look told, and the missed beat from which on. */
  #lookedAt: { readonly inside: Entry | null; readonly since: number } = { inside: null, since: 0 };
  /** The reactors when the silence was noticed, with the CPU time that they had used, in ms. */
  #noticed: readonly (ReactorTrace & { readonly cpu: number | null })[] = [];
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
    // Beats are counted against this process's own ticks: a machine that slept misses neither.
    const heart = setInterval(() => this.#checkHeart(), beatInterval);
    this.#child.once("exit", (code, signal) => this.#ended.resolve({ code, signal }));
    this.#child.once("error", () => this.#ended.resolve({ code: null, signal: null }));
    const exit = await this.#ended.promise;
    clearInterval(heart);
    const inside = this.#insideAtEnd(exit.signal);
    this.#options.trace?.close();
    return { ...exit, stalled: this.#stalled, inside };
  }

  #checkHeart(): void {
    this.#missedBeats = this.plane.takeBeat() ? 0 : this.#missedBeats + 1;
    if (this.#missedBeats <= 0) {
      this.#lookedAt = { inside: null, since: 0 };
      this.#noticed = [];
    }
    if (this.#missedBeats === silenceNoticed) this.#notice();
    if (this.#missedBeats >= silenceNoticed) this.#look();
    const { inside, since } = this.#lookedAt;
    const silent = this.#missedBeats - since;
    const stuckIn = silent >= silenceSuspected && this.#isBusy() ? inside : null;
    this.#suspect(stuckIn !== null);
    const isStuck = stuckIn !== null && !this.#mayBeSlow(stuckIn) && silent * beatInterval >= stuckIn.stallMs;
    if (this.#missedBeats > missedBeatsAllowed || isStuck) {
      this.#stalled = true;
      this.#stuckIn = stuckIn;
      this.kill();
      // The kernel takes its time to free gigabytes; the next process needs nothing of this one.
      if (canPassHandles()) this.#ended.resolve({ code: null, signal: "SIGKILL" });
    }
  }

  /** One guest after the other, as when many plugins are loaded, is not one that does not come back. */
  #look(): void {
    const inside = this.#inside();
    const { inside: before, since } = this.#lookedAt;
    const isSame = inside?.plugin === before?.plugin && inside?.isLoading === before?.isLoading;
    const isFirst = this.#missedBeats <= silenceNoticed;
    this.#lookedAt = { inside, since: isFirst ? 0 : isSame ? since : this.#missedBeats - 1 };
  }

  #notice(): void {
    const { trace, reactors } = this.#options;
    const traces = trace?.read(reactors) ?? [];
    this.#noticed = traces.map((each) => ({ ...each, cpu: cpuTimeOf(this.pid, each.thread) }));
  }

  /** One that is silent runs and does not merely wait for its turn, or the system does not tell. */
  #isBusy(): boolean {
    const least = busyShare * (this.#missedBeats - silenceNoticed) * beatInterval;
    return this.#silent().some(({ thread, entry, cpuBefore }) => {
      const cpu = cpuTimeOf(this.pid, thread);
      return entry !== null && (cpu === null || cpuBefore === null || cpu - cpuBefore >= least);
    });
  }

  /**
   * Where the system does not tell who runs, as on Deno, a machine with too much to do looks like a plugin that does not
   * end: none is given up for that while it loads, before any silence would be too long.
   */
  #mayBeSlow({ isLoading }: Entry): boolean {
    return isLoading && cpuTimeOf(this.pid, null) === null;
  }

  /** The reactors that have not beaten since the silence was noticed; all of them while there is none. */
  #silent(): (ReactorTrace & { readonly cpuBefore: number | null })[] {
    const { trace, reactors } = this.#options;
    return (trace?.read(reactors) ?? []).flatMap((each, reactor) => {
      const before = this.#noticed[reactor];
      if (before !== undefined && before.beats !== each.beats) return [];
      return [{ ...each, cpuBefore: before?.cpu ?? null }];
    });
  }

  #suspect(isStuck: boolean): void {
    if (isStuck === this.#isSuspected) return;
    this.#isSuspected = isStuck;
    this.#options.onSuspicion(isStuck);
  }

  /** Several reactors may have left the trace of different plugins: then it is not known. */
  #inside(): Entry | null {
    const entries = this.#silent().flatMap(({ entry }) => entry ?? []);
    const [first, ...others] = entries;
    return first !== undefined && others.every(({ plugin }) => plugin === first.plugin) ? first : null;
  }

  /** A process that somebody else killed was not necessarily inside the guest that it entered last. */
  #insideAtEnd(signal: NodeJS.Signals | null): Entry | null {
    if (this.#stuckIn !== null) return this.#stuckIn;
    const isExact = performance.now() - this.#startedAt < this.#options.exactTrace;
    const tells = this.#stalled || isExact || (signal !== null && ownEnds.has(signal));
    return tells ? this.#inside() : null;
  }
}

/**
 * Every reactor may have a write to a stalled log in the pool, and two operations of its plugins' crypto; names and files
 * must still resolve.
 */
function threadPoolSize(reactors: number): string {
  return process.env["UV_THREADPOOL_SIZE"] ?? String(2 + 3 * reactors);
}
