import { cellOffset, cellWords, regionWord, type StoreMemory } from "./store-memory.ts";

/** Words of an entry's first cell, before its key and its value. */
export const entryWord = {
  nextCell: 0,
  chain: 1,
  hash: 2,
  newer: 3,
  older: 4,
  namespace: 5,
  kind: 6,
  /** Bytes, doubled, and 1 more when it is wide. */
  keySize: 7,
  valueBytes: 8,
  cells: 9,
  /** In ms of the clock, a double. */
  expires: 10,
  /** The value, when it is a number: a double. */
  number: 12,
  data: 14,
} as const;

/** Of every cell after the first: all but the link. */
const laterData = 1;

/** How many cells hold so many words of key and value. */
export function cellsFor(words: number): number {
  return 1 + Math.max(0, Math.ceil((words - (cellWords - entryWord.data)) / (cellWords - laterData)));
}

/**
 * The cells of one region. A text may be spread over many, so there is no gap that is too small to use.
 * For the holder of the region's lock only.
 */
export class CellPool {
  private readonly memory: StoreMemory;
  private readonly words: Int32Array;
  private readonly head: number;
  private readonly cells: number;

  constructor(memory: StoreMemory, region: number) {
    this.memory = memory;
    this.words = memory.words;
    this.head = memory.regionStart(region);
    this.cells = memory.cellsStart(region);
  }

  get free(): number {
    return this.memory.cells - this.words[this.head + regionWord.used]!;
  }

  /** Index of a cell's first word. */
  at(cell: number): number {
    return this.cells + cellOffset(cell);
  }

  /** The first of so many linked cells; there must be as many. */
  take(count: number): number {
    const { words, head } = this;
    let first = 0;
    for (let taken = 0; taken < count; taken++) {
      let cell = words[head + regionWord.firstFree]!;
      if (cell === 0) {
        cell = ++words[head + regionWord.touched]!;
      } else {
        words[head + regionWord.firstFree] = words[this.at(cell) + entryWord.nextCell]!;
      }
      words[this.at(cell) + entryWord.nextCell] = first;
      first = cell;
    }
    words[head + regionWord.used]! += count;
    return first;
  }

  /** Gives back a cell with all that are linked to it. */
  release(first: number): void {
    const { words, head } = this;
    let cell = first;
    while (cell !== 0) {
      const link = this.at(cell) + entryWord.nextCell;
      const next = words[link]!;
      words[link] = words[head + regionWord.firstFree]!;
      words[head + regionWord.firstFree] = cell;
      words[head + regionWord.used]! -= 1;
      cell = next;
    }
  }

  /** @param from words of the entry's data to leave out */
  write(entry: number, from: number, source: Int32Array, length: number): void {
    const { words } = this;
    this.seek(entry, from);
    for (let index = 0; index < length; index++) {
      if (this.position === this.end) this.enter(this.next, laterData);
      words[this.position++] = source[index]!;
    }
  }

  read(entry: number, from: number, target: Int32Array, length: number): void {
    const { words } = this;
    this.seek(entry, from);
    for (let index = 0; index < length; index++) {
      if (this.position === this.end) this.enter(this.next, laterData);
      target[index] = words[this.position++]!;
    }
  }

  /** Whether the entry's data begins with these words. */
  startsWith(entry: number, source: Int32Array, length: number): boolean {
    const { words } = this;
    this.seek(entry, 0);
    for (let index = 0; index < length; index++) {
      if (this.position === this.end) this.enter(this.next, laterData);
      if (words[this.position++] !== source[index]) return false;
    }
    return true;
  }

  // --- a place in the data of an entry; fields, so that reading a value allocates nothing

  private position = 0;
  private end = 0;
  private next = 0;

  private seek(entry: number, from: number): void {
    this.enter(entry, entryWord.data);
    let left = from;
    while (left > this.end - this.position) {
      left -= this.end - this.position;
      this.enter(this.next, laterData);
    }
    this.position += left;
  }

  private enter(cell: number, skipped: number): void {
    const start = this.at(cell);
    this.next = this.words[start + entryWord.nextCell]!;
    this.position = start + skipped;
    this.end = start + cellWords;
  }
}
