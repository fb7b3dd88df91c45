import { beatInterval } from "../../data/calls.ts";
import { type Entry, isSameGuest, type ReactorTrace } from "../../data/entry-trace.ts";
import { cpuTimeOf } from "./process-cpu.ts";
import type { TraceFile } from "./trace-file.ts";

/** No process is silent for longer, in ms. */
const longestSilence = 3000;

/** Time for a process to boot and beat for the first time, in ms. */
const bootTime = 15_000;

/** How late a beat may be, and how often a silent process is looked at, in ms. */
const closeLook = 25;

const lateAfter = beatInterval + closeLook;

/** A guest is suspected after this silence, in ms, and this share of what it may take. */
const silenceSuspected = 150;
const shareSuspected = 0.25;

/** What CPU time tells of less than this is chance, in ms. */
const leastObserved = 50;

/** Share of the silence that a reactor must have been busy to be stuck, and not only kept waiting. */
const busyShare = 0.25;

/** The same for a silence that is too long: on a machine with too much to do it got no more. One that stood still has none. */
const leastShare = 0.05;

/** How things stand with a data process. */
export interface Verdict {
  /** It does not come back. */
  readonly isOver: boolean;
  /** The guest that it is in and silent; null: none. */
  readonly stuckIn: Entry | null;
}

export interface SilenceOptions {
  readonly pid: number | undefined;
  readonly reactors: number;
  /** Null: nobody tells which guest it is in. */
  readonly trace: TraceFile | null;
}

/** Whether a data process still beats and, when it does not, whom it is in. */
export class Silence {
  readonly #options: SilenceOptions;
  /** In ms of this process's own waiting: a machine that slept has missed no beat. */
  #lasts = longestSilence - bootTime;
  /** The reactors when it was noticed, with the CPU time that they had used, in ms. */
  #noticed: readonly (ReactorTrace & { readonly cpu: number | null })[] = [];
  /** Whom it is in as far as the last look told, and the silence from which on. */
  #lookedAt: { readonly inside: Entry | null; readonly since: number } = { inside: null, since: 0 };

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** Time until the next look, in ms, unless there is a beat before. */
  get pause(): number {
    return this.#lasts > 0 ? closeLook : lateAfter;
  }

  beat(): void {
    this.#lasts = 0;
  }

  /** @param waited since the look before, or since the last beat, in ms */
  look(waited: number): Verdict {
    const { pid } = this.#options;
    const isFirst = this.#lasts === 0;
    this.#lasts += waited;
    if (isFirst) this.#notice();
    if (this.#lasts <= 0) return { isOver: false, stuckIn: null };
    const { inside, since } = this.#follow(waited);
    const lasted = this.#lasts - since;
    const isLong = inside !== null && lasted >= Math.max(silenceSuspected, shareSuspected * inside.stallMs);
    const isTooLong = this.#lasts > longestSilence;
    const stuckIn = isLong && this.#isBusy(isTooLong ? leastShare : busyShare) ? inside : null;
    // Where the system does not tell who runs, as on Deno, a machine with too much to do looks like a plugin that does
    // not end: none is given up for that while it loads, before any silence would be too long.
    const mayBeSlow = inside?.isLoading === true && cpuTimeOf(pid, null) === null;
    const isStuck = stuckIn !== null && !mayBeSlow && lasted >= stuckIn.stallMs;
    return { isOver: isStuck || isTooLong, stuckIn };
  }

  /** Several reactors may have left the trace of different plugins: then it is not known. */
  inside(): Entry | null {
    const entries = this.#silent().flatMap(({ entry }) => entry ?? []);
    const [first, ...others] = entries;
    return first !== undefined && others.every((entry) => isSameGuest(entry, first)) ? first : null;
  }

  #notice(): void {
    const { pid, trace, reactors } = this.#options;
    const traces = trace?.read(reactors) ?? [];
    this.#noticed = traces.map((each) => ({ ...each, cpu: cpuTimeOf(pid, each.thread) }));
    this.#lookedAt = { inside: this.inside(), since: 0 };
  }

  /** One guest after the other, as when many plugins are loaded, is not one that does not come back. */
  #follow(waited: number): { readonly inside: Entry | null; readonly since: number } {
    const inside = this.inside();
    const { inside: before, since } = this.#lookedAt;
    const isSame = isSameGuest(inside, before) && inside?.isLoading === before?.isLoading;
    this.#lookedAt = { inside, since: isSame ? since : this.#lasts - waited };
    return this.#lookedAt;
  }

  /** One that is silent runs and does not merely wait for its turn, or the system does not tell. */
  #isBusy(share: number): boolean {
    const observed = this.#lasts - lateAfter;
    if (observed < leastObserved) return false;
    return this.#silent().some(({ thread, entry, cpuBefore }) => {
      const cpu = cpuTimeOf(this.#options.pid, thread);
      return entry !== null && (cpu === null || cpuBefore === null || cpu - cpuBefore >= share * observed);
    });
  }

  /** The reactors that have not beaten since the silence was noticed; all of them while there is none. */
  #silent(): (ReactorTrace & { readonly cpuBefore: number | null })[] {
    const { trace, reactors } = this.#options;
    return (trace?.read(reactors) ?? []).flatMap((each, reactor) => {
      const before = this.#lasts > 0 ? this.#noticed[reactor] : undefined;
      if (before !== undefined && before.beats !== each.beats) return [];
      return [{ ...each, cpuBefore: before?.cpu ?? null }];
    });
  }
}
