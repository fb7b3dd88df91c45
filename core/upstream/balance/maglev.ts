/**
 * Consistent hashing with even shares: a table of a prime size in which each endpoint, in its
 * own order, takes free entries in turn. Shares are within 1 % of the weights for up to a hundred endpoints
 * of equal weight; when an endpoint goes its keys move and a few others.
 *
 * Eisenbud et al.: Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016, section 3.4;
 * weights as turns that heavy endpoints have more often. Slow start does not apply, as with the ring.
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

/** Prime, so that every step visits every entry; the small table size of the paper. */
export const tableSize = 65_537;

export class Maglev<E extends Candidate> implements Balancer<E> {
  private readonly candidates: readonly E[];
  private readonly random: () => number;
  private readonly table: Uint16Array;

  /** @param candidates at least one, fewer than 2^16 */
  constructor(candidates: readonly E[], options: Pick<BalancerOptions, "random">) {
    // The order of turns decides who gets an entry that two want: it must be the same everywhere.
    this.candidates = candidates.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.random = options.random;
    this.table = fillTable(this.candidates);
  }

  pick({ hash, exclude }: PickContext<E> = firstAttempt): E {
    let key = hash === null ? this.random() * 2 ** 32 : hash;
    let picked = this.candidates[this.table[(key >>> 0) % tableSize]!]!;
    if (exclude === null || triedAll(this.candidates, exclude)) return picked;
    // Each further hash of the key is another entry, so retries of one endpoint's keys go to all others.
    for (let attempt = 0; attempt < attempts && exclude.has(picked); attempt++) {
      key = mix(key ^ reseed);
      picked = this.candidates[this.table[key % tableSize]!]!;
    }
    for (let i = (key >>> 0) % this.candidates.length; exclude.has(picked); i++) {
      picked = this.candidates[i % this.candidates.length]!;
    }
    return picked;
  }
}

/** Entries that are looked up for an endpoint not tried yet, before they are looked at in turn. */
const attempts = 8;
const reseed = 0x9e3779b9;

/** Rounds that an endpoint of mean weight waits for its turn at most: bounds the time that very uneven weights cost. */
const longestWait = 64;

function fillTable(candidates: readonly Candidate[]): Uint16Array {
  const table = new Uint16Array(tableSize);
  const taken = new Uint8Array(tableSize);
  const places = Uint32Array.from(candidates, ({ name }) => hashText(name) % tableSize);
  const steps = Uint32Array.from(candidates, ({ name }) => (hashText(name, 1) % (tableSize - 1)) + 1);
  const turnsPerRound = shareTurns(candidates);
  const turns = new Float64Array(candidates.length);
  for (let filled = 0; ; ) {
    for (let i = 0; i < candidates.length; i++) {
      turns[i]! += turnsPerRound[i]!;
      for (; turns[i]! >= 1; turns[i]!--) {
        let place = places[i]!;
        while (taken[place] === 1) place = (place + steps[i]!) % tableSize;
        taken[place] = 1;
        table[place] = i;
        places[i] = place;
        if (++filled === tableSize) return table;
      }
    }
  }
}

/** The heaviest has one turn in each round, others less; where nearly all are far lighter, it has several. */
function shareTurns(candidates: readonly Candidate[]): Float64Array {
  const weights = Float64Array.from(candidates, ({ config }) => config.weight);
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const oneTurn = Math.min(heaviest, longestWait * mean);
  return weights.map((weight) => weight / oneTurn);
}
