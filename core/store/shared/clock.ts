const origin = performance.timeOrigin;

/** Milliseconds that all threads of this process count alike, and that never go back. */
export function sharedClock(): number {
  return origin + performance.now();
}
