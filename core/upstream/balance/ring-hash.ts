/**
 * Consistent hashing: every endpoint has points on a ring, in number as its weight, and a key
 * belongs to the first point from its hash on. When an endpoint goes, its keys move and no
 * others; an endpoint's share of the ring is as even as chance makes it (a standard deviation
 * of about 6 %). Where even shares matter more than unmoved keys, Maglev serves better.
 *
 * Karger et al.: Consistent Hashing and Random Trees, 1997; points as in ketama
 * (https://github.com/RJ/ketama). Slow start does not apply: growing shares would move keys
 * all the time (nor does it in Envoy).
 */
import {
  type Balancer,
  type BalancerOptions,
  type Candidate,
  firstAttempt,
  type PickContext,
  triedAll,
} from "./candidate.ts";
import { hashText, mix } from "./murmur3.ts";

/** Of an endpoint as heavy as the heaviest one, while the ring has room. */
const pointsPerEndpoint = 256;
const largestRing = 2 ** 17;

export class RingHash<E extends Candidate> implements Balancer<E> {
  private readonly candidates: readonly E[];
  private readonly random: () => number;
  /** In ascending order, with the candidate that each belongs to. */
  private readonly points: Uint32Array;
  private readonly owners: Uint16Array;

  /** @param candidates at least one, fewer than 2^16 */
  constructor(candidates: readonly E[], options: Pick<BalancerOptions, "random" | "heaviest">) {
    // Points that coincide belong to the first by name, in whatever order endpoints are listed.
    this.candidates = candidates.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.random = options.random;
    const placed = placePoints(this.candidates, options.heaviest);
    this.points = new Uint32Array(placed.length);
    this.owners = new Uint16Array(placed.length);
    for (let i = 0; i < placed.length; i++) {
      this.points[i] = Math.floor(placed[i]! / ownerRange);
      this.owners[i] = placed[i]! % ownerRange;
    }
  }

  /** Points on the ring. */
  get size(): number {
    return this.points.length;
  }

  pick({ hash, exclude }: PickContext<E> = firstAttempt): E {
    let place = this.firstPointFrom(hash === null ? this.random() * 2 ** 32 : hash >>> 0);
    if (exclude !== null && !triedAll(this.candidates, exclude)) {
      while (exclude.has(this.candidates[this.owners[place]!]!)) place = (place + 1) % this.points.length;
    }
    return this.candidates[this.owners[place]!]!;
  }

  private firstPointFrom(hash: number): number {
    const { points } = this;
    let [low, high] = [0, points.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (points[middle]! < hash) low = middle + 1;
      else high = middle;
    }
    return low === points.length ? 0 : low;
  }
}

/** A point and its owner stand in one number, which sorts faster than pairs. */
const ownerRange = 2 ** 16;

/**
 * How many points an endpoint has depends on itself and on the heaviest one, not on how many
 * there are: otherwise one that goes would move the points of all. Only a ring that is full
 * gives each half as many, then a quarter, and so on.
 */
function placePoints(candidates: readonly Candidate[], heaviest: number): Float64Array {
  let full = pointsPerEndpoint;
  while (full > 1 && full * candidates.length > largestRing) full /= 2;
  const counts = candidates.map(({ config }) => Math.max(1, Math.round((full * config.weight) / heaviest)));
  const placed = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let next = 0;
  for (const [owner, { name }] of candidates.entries()) {
    const start = hashText(name);
    const step = hashText(name, 1);
    for (let i = 0; i < counts[owner]!; i++) {
      placed[next++] = mix(start + Math.imul(i, step | 1)) * ownerRange + owner;
    }
  }
  return placed.sort();
}
