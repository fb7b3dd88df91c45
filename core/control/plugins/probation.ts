import type { PlaneReport } from "../../data/plane.ts";

/** How long a new generation of plugins is compared with the one before it, in ms. */
export const probationTime = 10_000;
const pollInterval = 1000;

/** Fewer faults say nothing. */
const leastFaults = 5;
/** Share of requests that may be faults. */
const faultShare = 0.1;
/** How much worse than the old generation the new one may do. */
const worseBy = 2;

/** Faults of a plugin, and requests that it was asked about, in some time. */
export interface FaultRate {
  readonly faults: number;
  readonly requests: number;
}

/** By name of the plugin. */
export type FaultRates = ReadonlyMap<string, FaultRate>;

export interface WorsePlugin {
  readonly name: string;
  readonly fresh: FaultRate;
  readonly old: FaultRate;
}

const nothingYet: FaultRate = { faults: 0, requests: 0 };

/**
 * Whether a plugin does clearly worse than it did before: at least five faults, by more than a tenth of
 * its requests, and more than twice the old share.
 *
 * @example
 * doesWorse({ faults: 8, requests: 20 }, { faults: 0, requests: 900 }); // true
 */
export function doesWorse(fresh: FaultRate, old: FaultRate): boolean {
  const share = shareOf(fresh);
  return fresh.faults >= leastFaults && share > faultShare && share > worseBy * shareOf(old);
}

function shareOf({ faults, requests }: FaultRate): number {
  // A fault whose request is not over counts as one request.
  return faults === 0 ? 0 : faults / Math.max(requests, faults);
}

/** Of the generation in force, all reactors together. */
export function ratesIn({ plugins }: PlaneReport): FaultRates {
  const rates = new Map<string, FaultRate>();
  for (const { name, requests, faults } of plugins.flat()) {
    const known = rates.get(name) ?? nothingYet;
    const more = Object.values(faults).reduce((sum, count) => sum + count, 0);
    rates.set(name, { faults: known.faults + more, requests: known.requests + requests });
  }
  return rates;
}

export interface ProbationOptions {
  readonly report: () => Promise<PlaneReport | null>;
  /** Those that count; null: all do. */
  readonly plugins: ReadonlySet<string> | null;
  /** Of the generation before, over its life. */
  readonly old: FaultRates;
  /** A plugin does worse; called once. */
  readonly failed: (plugin: WorsePlugin) => void;
  /** The time is over, and it has stood the test. */
  readonly passed: () => void;
}

/** Asks once a second how a new generation does. Keeps no process alive. */
export class Probation {
  readonly #options: ProbationOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #end = performance.now() + probationTime;
  #isOver = false;

  constructor(options: ProbationOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), pollInterval).unref();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  cancel(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { report, failed, passed } = this.#options;
    const found = await report();
    if (this.#isOver) return;
    const worse = found === null ? undefined : this.#worseIn(ratesIn(found));
    if (worse !== undefined) {
      this.cancel();
      failed(worse);
      return;
    }
    if (performance.now() >= this.#end) {
      this.cancel();
      passed();
    }
  }

  #worseIn(rates: FaultRates): WorsePlugin | undefined {
    const { plugins, old } = this.#options;
    return [...rates]
      .filter(([name]) => plugins === null || plugins.has(name))
      .map(([name, fresh]) => ({ name, fresh, old: old.get(name) ?? nothingYet }))
      .find(({ fresh, old }) => doesWorse(fresh, old));
  }
}
