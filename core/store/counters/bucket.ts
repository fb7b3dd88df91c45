/** A bucket that fills by itself. */
export interface BucketRule {
  /** What flows in, per ms. */
  readonly rate: number;
  /** What it holds when it is full. */
  readonly burst: number;
}

export interface Taken {
  /** Ms until there will be enough; 0: it was taken; Infinity: it is more than the bucket holds. */
  readonly wait: number;
  /** What is in the bucket now. */
  readonly left: number;
  /** Ms until the bucket is full again. */
  readonly reset: number;
  /** When it is, in ms of the clock: all that has to be kept of it. */
  readonly full: number;
}

/** What sums of many fractions may leave behind, as a part of what is taken: never a whole one too many. */
const rounding = 1e-3;
/** The part of a bucket that may be owed before its rule must have been another one. */
const debt = 0.01;

/**
 * One step of GCRA, which keeps a single number for a bucket: when it is full again (ITU-T I.371, annex A, the
 * virtual scheduling algorithm). A bucket that is not known is full.
 *
 * @param kept `full` of the last step
 * @param cost 0 takes nothing and tells how the bucket stands
 * @param now in ms
 * @example
 * takeFrom(null, 1, { rate: 0.001, burst: 2 }, 5000); // { wait: 0, left: 1, reset: 1000, full: 6000 }
 */
export function takeFrom(kept: number | null, cost: number, { rate, burst }: BucketRule, now: number): Taken {
  const emptyAt = now + burst / rate;
  // A bucket whose rule has become tighter owes nothing: it is empty.
  const full = kept === null || kept <= now ? now : kept > emptyAt + (debt * burst) / rate ? emptyAt : kept;
  const after = full + cost / rate;
  if (cost === 0 || after <= emptyAt + (rounding * cost) / rate) return standing(0, after, now, rate, burst);
  const wait = cost > burst ? Number.POSITIVE_INFINITY : after - emptyAt;
  return standing(wait, full, now, rate, burst);
}

function standing(wait: number, full: number, now: number, rate: number, burst: number): Taken {
  const reset = full - now;
  return { wait, left: Math.max(0, burst - reset * rate), reset, full };
}
