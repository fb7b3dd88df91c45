/** An entry of a cache as eviction sees it. */
export interface Entry {
  readonly key: string;
  readonly hash: number;
  readonly bytes: number;
  list: EntryList | null;
  older: Entry | null;
  newer: Entry | null;
}

/** Entries in the order of their last use, with the bytes of all. */
export class EntryList {
  #oldest: Entry | null = null;
  #newest: Entry | null = null;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Entry | null {
    return this.#oldest;
  }

  /** As the newest; it must be in no list. */
  add(entry: Entry): void {
    entry.list = this;
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
    this.#bytes += entry.bytes;
  }

  remove(entry: Entry): void {
    if (entry.older) entry.older.newer = entry.newer;
    else this.#oldest = entry.newer;
    if (entry.newer) entry.newer.older = entry.older;
    else this.#newest = entry.older;
    entry.list = entry.older = entry.newer = null;
    this.#bytes -= entry.bytes;
  }

  /** Makes an entry of this list its newest. */
  renew(entry: Entry): void {
    if (entry === this.#newest) return;
    this.remove(entry);
    this.add(entry);
  }
}
