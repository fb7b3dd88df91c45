import type { GuestExchange } from "./exchange.ts";

/** Where errors go that no caller can catch: those of timers and of listeners. */
let report: (error: unknown, about: GuestExchange | null) => void = () => {};

/** Says who hears of such errors; without it nobody does. */
export function bindReport(hear: typeof report): void {
  report = hear;
}

/**
 * Tells of an error that has no caller; never throws.
 *
 * @param about the exchange that it comes from, if that is certain
 */
export function reportError(error: unknown, about: GuestExchange | null = null): void {
  try {
    report(error, about);
  } catch {
    // A report that fails has nobody left to tell.
  }
}
