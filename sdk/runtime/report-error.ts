/** Where errors go that no caller can catch: those of timers and of listeners. */
let report: (error: unknown) => void = () => {};

/** Says who hears of such errors; without it nobody does. */
export function bindReport(hear: (error: unknown) => void): void {
  report = hear;
}

/** Tells of an error that has no caller; never throws. */
export function reportError(error: unknown): void {
  try {
    report(error);
  } catch {
    // A report that fails has nobody left to tell.
  }
}
