import { Random } from "../support/random.ts";

/** A sequence of keys that a cache is asked for. */
export type Trace = Iterable<number>;

/** Draws from 0 to `count` - 1, the k-th as often as 1 / (k + 1) ** `exponent`. */
export function zipf(count: number, exponent: number, random: Random): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1) ** exponent;
    sums[rank] = sum;
  }
  return () => {
    const target = random.next() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! < target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Popularity that stays as it is. */
export function* steady(count: number, length: number, seed: number): Trace {
  const draw = zipf(count, 0.9, new Random(seed));
  for (let step = 0; step < length; step++) yield draw();
}

/** The same with somebody who walks through everything, once, every now and then: a crawler, a backup. */
export function* scanned(count: number, length: number, seed: number): Trace {
  let next = count;
  let step = 0;
  for (const key of steady(count, length, seed)) {
    yield key;
    if (++step % 20_000 === 0) for (let walked = 0; walked < 10_000; walked++) yield next++;
  }
}

/** Popularity that moves: what is popular now is not what was popular before. By one place in `pace` requests. */
export function* moving(count: number, length: number, seed: number, pace: number): Trace {
  let step = 0;
  for (const rank of steady(count, length, seed)) yield (rank + Math.floor(step++ / pace)) % count;
}

/** Nothing is popular for long: what came last is what is asked for again, as in a feed of news. */
export function* latest(length: number, seed: number): Trace {
  const random = new Random(seed);
  let newest = 0;
  for (let step = 0; step < length; step++) {
    if (random.chance(0.3)) newest++;
    yield Math.max(0, newest - Math.floor(-600 * Math.log(1 - random.next())));
  }
}
