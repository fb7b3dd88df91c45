/** Bytes of keys and values of one namespace, two for each code unit. */
const defaultBytes = 16 * 1024 * 1024;
/** What an entry costs besides its texts; measured on Node. */
const entryBytes = 160;

type Value = string | number;

/** A value, when it ends, and its neighbours in the order of writing. */
export interface Entry {
  readonly key: string;
  value: Value;
  /** In ms of the clock; Infinity: never. */
  expires: number;
  older: Entry | null;
  newer: Entry | null;
}

/** The rooms of namespaces in this thread's memory. When one is full, what was not written for longest goes. */
export class MemoryRooms {
  private readonly rooms = new Map<string, MemoryRoom>();
  private readonly bytes: number;

  /** @param bytes of each namespace */
  constructor(bytes = defaultBytes) {
    this.bytes = bytes;
  }

  of(namespace: string): MemoryRoom {
    let room = this.rooms.get(namespace);
    if (room === undefined) {
      room = new MemoryRoom(this.bytes);
      this.rooms.set(namespace, room);
    }
    return room;
  }
}

/**
 * The order of writing is a list of its own: the first key of a Map whose first keys were deleted is found by passing
 * the places of all of those.
 */
export class MemoryRoom {
  private readonly entries = new Map<string, Entry>();
  private readonly most: number;
  private oldest: Entry | null = null;
  private newest: Entry | null = null;
  private bytes = 0;

  constructor(most: number) {
    this.most = most;
  }

  find(key: string, now: number): Entry | null {
    const entry = this.entries.get(key);
    // What is over stays until it is written over: a Map is slow where one key comes and goes.
    return entry === undefined || entry.expires <= now ? null : entry;
  }

  /** Writes a value, or writes over it; it is the youngest then. */
  set(key: string, value: Value, expires: number): void {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { key, value, expires, older: null, newer: null };
      this.entries.set(key, entry);
      this.bytes += sizeOf(key, value);
      this.list(entry);
    } else {
      this.bytes += sizeOf(key, value) - sizeOf(key, entry.value);
      this.write(entry, value, expires);
    }
    while (this.bytes > this.most && this.oldest !== null) this.remove(this.oldest);
  }

  /** A number over a number. */
  setNumber(entry: Entry, value: number): void {
    this.write(entry, value, entry.expires);
  }

  remove(entry: Entry): void {
    this.entries.delete(entry.key);
    this.unlist(entry);
    this.bytes -= sizeOf(entry.key, entry.value);
  }

  private write(entry: Entry, value: Value, expires: number): void {
    entry.value = value;
    entry.expires = expires;
    if (entry === this.newest) return;
    this.unlist(entry);
    this.list(entry);
  }

  private list(entry: Entry): void {
    entry.older = this.newest;
    entry.newer = null;
    if (this.newest === null) this.oldest = entry;
    else this.newest.newer = entry;
    this.newest = entry;
  }

  private unlist({ older, newer }: Entry): void {
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
  }
}

function sizeOf(key: string, value: Value): number {
  return 2 * (key.length + (typeof value === "number" ? 0 : value.length)) + entryBytes;
}
