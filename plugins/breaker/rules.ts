/** When a circuit opens, for how long, and how it is tried. Times in ms. */
export interface CircuitRules {
  readonly window: WindowRules;
  /** Calls in the window before its rates mean anything. */
  readonly minimumCalls: number;
  /** Percent. */
  readonly failureRate: number;
  /** Percent; counts where calls can be slow. */
  readonly slowRate: number;
  /** Failures in a row that open it, whatever the rates are; 0: none. */
  readonly consecutiveFailures: number;
  readonly openTime: OpenTime;
  /** Calls that are let through to try it. */
  readonly probes: number;
  /** Probes that have not come back by then are counted for lost, and others may go. */
  readonly probeTimeout: number;
}

export interface WindowRules {
  readonly type: "time" | "count";
  /** Ms, or calls. */
  readonly size: number;
}

export interface OpenTime {
  readonly base: number;
  /** Factor from one time to the next, while it does not recover. */
  readonly growth: number;
  readonly most: number;
  /** Part of the time by which it may be longer or shorter: circuits that opened together are not tried together. */
  readonly jitter: number;
}

/**
 * How long a circuit stays open.
 *
 * @param times how often in a row it has opened, this one included
 * @param chance from 0 to 1
 * @example
 * openFor({ base: 5000, growth: 2, most: 60_000, jitter: 0 }, 3, 0.5); // 20_000
 */
export function openFor({ base, growth, most, jitter }: OpenTime, times: number, chance: number): number {
  return Math.min(most, base * growth ** (times - 1)) * (1 + jitter * (2 * chance - 1));
}
