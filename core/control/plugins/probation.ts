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

/** Faults of plugins, and requests, in some time. */
export interface FaultRate {
  readonly faults: number;
  readonly requests: number;
}

/**
 * Whether a generation does clearly worse than the one before it: at least five faults, by more than a tenth of
 * the requests, and more than twice the old share.
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

/**
 * Faults of the generation in force; requests since the data process started.
 *
 * @param names of the plugins that count; null: all do
 */
export function rateIn(report: PlaneReport, names: ReadonlySet<string> | null): FaultRate {
  const counted = report.plugins.flat().filter(({ name }) => names === null || names.has(name));
  const plugins = counted.flatMap(({ faults }) => Object.values(faults));
  const requests = report.snapshots.flatMap((snapshot) => snapshot.requests).map(({ count }) => count);
  return { faults: sum(plugins), requests: sum(requests) };
}

/** How many requests came since there were `before`. A data process that was started again counts from nothing. */
export function requestsSince(before: number, requests: number): number {
  return requests >= before ? requests - before : requests;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export interface ProbationOptions {
  readonly report: () => Promise<PlaneReport | null>;
  /** Of the plugins that count; null: all do. */
  readonly plugins: ReadonlySet<string> | null;
  /** Of the generation before, over its life. */
  readonly old: FaultRate;
  /** Requests when the new one was put in force. */
  readonly requestsBefore: number;
  /** The new generation does worse; called once. */
  readonly failed: (fresh: FaultRate) => void;
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
    const { report, plugins, old, requestsBefore, failed, passed } = this.#options;
    const found = await report();
    if (this.#isOver) return;
    if (found !== null) {
      const { faults, requests } = rateIn(found, plugins);
      const fresh = { faults, requests: requestsSince(requestsBefore, requests) };
      if (doesWorse(fresh, old)) {
        this.cancel();
        failed(fresh);
        return;
      }
    }
    if (performance.now() >= this.#end) {
      this.cancel();
      passed();
    }
  }
}
