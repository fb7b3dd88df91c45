/** Counters per entry that is expected: with 16 of 4 bits each, four per key rarely collide all at once. */
const countersPerEntry = 16;
const countersPerWord = 8;
const rows = 4;
/** Counts saturate here: above it, more often does not mean more useful. */
const most = 15;

/**
 * How often keys were seen of late: a count-min sketch of 4-bit counters whose counts are halved from time to
 * time (TinyLFU, Einziger, Friedman and Manes, 2017). It overestimates now and then and never forgets a key
 * that is popular. 8 bytes per expected entry.
 *
 * @example
 * sketch.add(hash);
 * sketch.estimate(hash); // 1
 */
export class FrequencySketch {
  #words: Int32Array;
  #mask: number;
  #entries: number;
  #additions = 0;

  /** @param entries how many keys a full cache is expected to hold */
  constructor(entries: number) {
    this.#entries = powerOfTwo(entries);
    this.#words = new Int32Array((this.#entries * countersPerEntry) / countersPerWord);
    this.#mask = this.#entries * countersPerEntry - 1;
  }

  /** @param hash 32 bits */
  add(hash: number): void {
    let hasGrown = false;
    for (let row = 0; row < rows; row++)
      hasGrown = this.#increment(spread(hash, row) & this.#mask) || hasGrown;
    // Ten sightings for each entry are what the paper calls the sample.
    if (hasGrown && ++this.#additions >= this.#entries * 10) this.#age();
  }

  /** How often a key was seen, 0 to 15. */
  estimate(hash: number): number {
    let least = most;
    for (let row = 0; row < rows; row++) {
      const counter = spread(hash, row) & this.#mask;
      const count = (this.#words[counter >>> 3]! >>> ((counter & 7) << 2)) & most;
      if (count < least) least = count;
    }
    return least;
  }

  /** Makes room for more entries than were expected, and keeps all counts. */
  fit(entries: number): void {
    while (this.#entries < entries) {
      // A key's counter is found by the low bits of its hash: one more bit leads to either copy.
      const doubled = new Int32Array(this.#words.length * 2);
      doubled.set(this.#words);
      doubled.set(this.#words, this.#words.length);
      this.#words = doubled;
      this.#entries *= 2;
      this.#mask = this.#entries * countersPerEntry - 1;
    }
  }

  #increment(counter: number): boolean {
    const word = counter >>> 3;
    const shift = (counter & 7) << 2;
    if (((this.#words[word]! >>> shift) & most) === most) return false;
    this.#words[word]! += 1 << shift;
    return true;
  }

  #age(): void {
    const words = this.#words;
    for (let word = 0; word < words.length; word++) words[word] = (words[word]! >>> 1) & 0x77777777;
    this.#additions >>>= 1;
  }
}

/** Another hash for each row (the finalizer of MurmurHash3). */
function spread(hash: number, row: number): number {
  let mixed = (hash + Math.imul(row, 0x9e3779b9)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function powerOfTwo(entries: number): number {
  let power = 64;
  while (power < entries) power *= 2;
  return power;
}
