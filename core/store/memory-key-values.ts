import type { KeyValues } from "./key-values.ts";

interface Entry {
  readonly value: string;
  /** In ms of the clock; Infinity: never. */
  readonly expires: number;
}

/** Bytes of keys and values of one namespace, two for each code unit. */
const defaultBytes = 16 * 1024 * 1024;
/** What an entry costs besides its texts. */
const entryBytes = 100;

/** Values in this thread's memory; when a namespace is full, what was not written for longest goes. */
export class MemoryKeyValues implements KeyValues {
  private readonly namespaces = new Map<string, Namespace>();
  private readonly now: () => number;
  private readonly bytes: number;

  /**
   * @param now in ms, monotonic
   * @param bytes of each namespace
   */
  constructor(now: () => number = () => performance.now(), bytes = defaultBytes) {
    this.now = now;
    this.bytes = bytes;
  }

  get(namespace: string, key: string): string | null {
    return this.namespaces.get(namespace)?.get(key, this.now()) ?? null;
  }

  set(namespace: string, key: string, value: string, ttl: number | null): void {
    this.of(namespace).set(key, { value, expires: this.expiry(ttl) });
  }

  delete(namespace: string, key: string): boolean {
    const space = this.namespaces.get(namespace);
    if (space === undefined || space.get(key, this.now()) === null) return false;
    space.delete(key);
    return true;
  }

  increment(namespace: string, key: string, by: number, ttl: number | null): number {
    const space = this.of(namespace);
    const entry = space.entry(key, this.now());
    const sum = entry === null ? by : Number(entry.value) + by;
    if (!Number.isFinite(sum)) throw new TypeError(`Cannot increment ${key}: its value is not a number`);
    space.set(key, { value: String(sum), expires: entry?.expires ?? this.expiry(ttl) });
    return sum;
  }

  private of(name: string): Namespace {
    let space = this.namespaces.get(name);
    if (space === undefined) {
      space = new Namespace(this.bytes);
      this.namespaces.set(name, space);
    }
    return space;
  }

  private expiry(ttl: number | null): number {
    return ttl === null ? Number.POSITIVE_INFINITY : this.now() + ttl;
  }
}

class Namespace {
  /** In the order in which they were written. */
  private readonly entries = new Map<string, Entry>();
  private readonly most: number;
  private bytes = 0;

  constructor(most: number) {
    this.most = most;
  }

  entry(key: string, now: number): Entry | null {
    const entry = this.entries.get(key);
    if (entry === undefined) return null;
    if (entry.expires > now) return entry;
    this.delete(key);
    return null;
  }

  get(key: string, now: number): string | null {
    return this.entry(key, now)?.value ?? null;
  }

  set(key: string, entry: Entry): void {
    this.delete(key);
    this.entries.set(key, entry);
    this.bytes += sizeOf(key, entry);
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.most) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= sizeOf(key, entry);
  }
}

function sizeOf(key: string, { value }: Entry): number {
  return 2 * (key.length + value.length) + entryBytes;
}
