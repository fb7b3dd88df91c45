import { type Entry, EntryList } from "./entry-list.ts";
import { FrequencySketch } from "./frequency-sketch.ts";
import { HillClimber } from "./hill-climber.ts";

export interface TinyLfuOptions {
  /** Bytes of all entries together, at most. */
  readonly capacity: number;
  /** 32 bits that nobody outside knows: who does could choose keys that count for each other. */
  readonly seed: number;
}

/** Shares of the capacity for what has just come: at first, and the most that traffic can make it. */
const leastWindow = 0.01;
const mostWindow = 0.8;
/** Share of the main part for what was used there again. */
const protectedShare = 0.8;

/**
 * Which entries a cache of bounded bytes keeps: W-TinyLFU (Einziger, Friedman and Manes, 2017). What comes enters a
 * small window; what leaves that stays only if it was seen more often of late than those that would have to go
 * for it, all together, so that a large entry has to be worth several small ones. A scan passes through the
 * window and pushes nothing out. Where the latest is what is asked for again, the window grows.
 *
 * It holds keys and sizes, no values: who uses it drops what it names.
 *
 * @example
 * if (!policy.touch(key)) for (const gone of policy.insert(key, bytes)) store.delete(gone);
 */
export class TinyLfu {
  readonly #entries = new Map<string, Entry>();
  readonly #window = new EntryList();
  readonly #probation = new EntryList();
  readonly #protected = new EntryList();
  readonly #sketch = new FrequencySketch(1024);
  readonly #seed: number;
  #capacity: number;
  readonly #climber = new HillClimber();
  #windowShare = leastWindow;

  constructor({ capacity, seed }: TinyLfuOptions) {
    this.#seed = seed;
    this.#capacity = capacity;
  }

  get bytes(): number {
    return this.#window.bytes + this.#probation.bytes + this.#protected.bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** A request wants this key: to be told of every lookup, found or not. Returns whether it is held. */
  touch(key: string): boolean {
    const entry = this.#entries.get(key);
    this.#sketch.add(entry ? entry.hash : hashOf(key, this.#seed));
    const change = this.#climber.observe(entry !== undefined, this.#entries.size);
    if (change !== 0) this.#resize(change);
    if (!entry) return false;
    if (entry.list === this.#probation) this.#promote(entry);
    else entry.list?.renew(entry);
    return true;
  }

  /**
   * An entry came, or came again with another size.
   *
   * @param bytes all that is kept for it
   * @returns keys of entries that have to go; `key` itself among them when it is not worth its place
   */
  insert(key: string, bytes: number): string[] {
    const held = this.#entries.get(key);
    // What can never fit must not push everything else out first.
    if (bytes > this.#mainCapacity) {
      if (held) this.#drop(held);
      return [key];
    }
    const hash = held ? held.hash : hashOf(key, this.#seed);
    const entry: Entry = { key, hash, bytes, list: null, older: null, newer: null };
    // One that comes again keeps the place that it has earned.
    const list = held?.list ?? this.#window;
    if (held) this.#drop(held);
    this.#entries.set(key, entry);
    this.#sketch.fit(this.#entries.size);
    list.add(entry);
    this.#demote();
    return [...this.#shrinkMain(), ...this.#settle()];
  }

  /** An entry went for another reason. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) this.#drop(entry);
  }

  /** Another capacity. Returns keys of entries that have to go. */
  resize(capacity: number): string[] {
    if (capacity === this.#capacity) return [];
    this.#capacity = capacity;
    const tooLarge = [...this.#entries.values()].filter(({ bytes }) => bytes > this.#mainCapacity);
    for (const entry of tooLarge) this.#drop(entry);
    this.#resize(0);
    return [...tooLarge.map(({ key }) => key), ...this.#settle()];
  }

  get #windowCapacity(): number {
    return Math.floor(this.#capacity * this.#windowShare);
  }

  get #mainCapacity(): number {
    return this.#capacity - this.#windowCapacity;
  }

  #promote(entry: Entry): void {
    move(entry, this.#protected);
    this.#demote();
  }

  #demote(): void {
    const capacity = this.#mainCapacity * protectedShare;
    while (this.#protected.bytes > capacity) move(this.#protected.oldest!, this.#probation);
  }

  /** Another share for the window. Nothing goes: entries move to where there is room now. */
  #resize(change: number): void {
    this.#windowShare = Math.max(leastWindow, Math.min(mostWindow, this.#windowShare + change));
    while (this.#window.bytes > this.#windowCapacity) move(this.#window.oldest!, this.#probation);
    this.#demote();
    while (this.#probation.bytes + this.#protected.bytes > this.#mainCapacity) {
      const entry = this.#probation.oldest ?? this.#protected.oldest!;
      // What the window has no room for either is as good as new there: it is judged when the next one comes.
      move(entry, this.#window);
    }
  }

  /** Drops what the main part has no room for since one of its entries has grown. */
  #shrinkMain(): string[] {
    const gone: string[] = [];
    while (this.#probation.bytes + this.#protected.bytes > this.#mainCapacity) {
      const oldest = this.#probation.oldest ?? this.#protected.oldest!;
      gone.push(oldest.key);
      this.#drop(oldest);
    }
    return gone;
  }

  /** Moves what the window has no room for into the main part, or out. */
  #settle(): string[] {
    const gone: string[] = [];
    while (this.#window.bytes > this.#windowCapacity) {
      const candidate = this.#window.oldest!;
      const victims = this.#victimsOf(candidate);
      for (const loser of victims ?? [candidate]) {
        gone.push(loser.key);
        this.#drop(loser);
      }
      if (victims) move(candidate, this.#probation);
    }
    return gone;
  }

  /** The entries of the main part that have to go for a candidate, or null when they are worth more than it. */
  #victimsOf(candidate: Entry): Entry[] | null {
    const room = this.#mainCapacity - this.#probation.bytes - this.#protected.bytes;
    const worth = this.#sketch.estimate(candidate.hash);
    const victims: Entry[] = [];
    let missing = candidate.bytes - room;
    let loss = 0;
    let victim = this.#probation.oldest ?? this.#protected.oldest;
    while (missing > 0 && victim) {
      loss += this.#sketch.estimate(victim.hash);
      if (loss >= worth) return null;
      victims.push(victim);
      missing -= victim.bytes;
      victim = victim.newer ?? (victim.list === this.#probation ? this.#protected.oldest : null);
    }
    return victims;
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.key);
    entry.list?.remove(entry);
  }
}

function move(entry: Entry, to: EntryList): void {
  entry.list?.remove(entry);
  to.add(entry);
}

/** FNV-1a with a seed, finished so that all bits depend on all characters. */
function hashOf(key: string, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return hash ^ (hash >>> 15);
}
