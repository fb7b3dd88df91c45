const window = 10_000;
const immediateRestarts = 2;
const firstDelay = 100;
const longestDelay = 5000;

/**
 * How long to wait before the data process is started again, in ms: not at all after a crash
 * or two, then longer with each further crash within ten seconds.
 *
 * @param crashes times of past crashes, the latest included, in ms
 */
export function restartDelay(crashes: readonly number[], now: number): number {
  const recent = crashes.filter((time) => now - time < window).length;
  return recent <= immediateRestarts
    ? 0
    : Math.min(longestDelay, firstDelay * 2 ** (recent - immediateRestarts - 1));
}
