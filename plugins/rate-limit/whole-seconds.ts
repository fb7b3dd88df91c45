/** What sums of fractions leave behind, in s: it is no reason to say a second more. */
const rounding = 1e-5;

/**
 * Seconds as fields tell them: whole ones, and enough of them.
 *
 * @example
 * wholeSeconds(30.000001); // 30
 * wholeSeconds(30.1); // 31
 */
export function wholeSeconds(seconds: number): number {
  return Math.max(0, Math.ceil(seconds - rounding));
}
