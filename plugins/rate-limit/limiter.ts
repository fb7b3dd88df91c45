import type { Counters } from "sluice/sdk";

/** How a limit stands after a request. */
export interface Standing {
  /** Whether the request is within the limit: only then it was counted. */
  readonly allowed: boolean;
  /** Seconds until it may be worth while to ask again; Infinity: never, it costs more than the limit. */
  readonly wait: number;
  /** What is left. */
  readonly left: number;
  /** Seconds until there is more, or all of it, again; null: nobody knows. */
  readonly reset: number | null;
}

/** A way to count. What it keeps is in counters that all reactors share; each method may run in any of them. */
export interface Limiter {
  /** Counts a request if it is within the limit. */
  enter(counters: Counters, key: string, cost: number): Entered;
  /** Whether it wants to hear nothing of a request that it has counted. */
  readonly isForgetful?: boolean;
  /** Takes it back: another limit has refused the request. */
  undo(counters: Counters, key: string, cost: number, ticket: number): void;
  /** Counts what turned out later, also beyond the limit. */
  charge?(counters: Counters, key: string, cost: number, ticket: number): void;
  /** The request is over. */
  leave?(counters: Counters, key: string, cost: number, ticket: number): void;
}

export interface Entered extends Standing {
  /** What the limiter wants to be told of this request later: a window, a period. */
  readonly ticket: number;
}

/** Seconds for which a thread may be stopped in the middle of a request, and still notice what others did meanwhile. */
export const stall = 60;
