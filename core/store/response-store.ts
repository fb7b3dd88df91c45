/** Responses that plugins keep, with their bodies, in this thread's memory: bounded by bytes, found by key, prefix, URL or tag. */
import { PurgeIndex } from "./purge-index.ts";
import { type Purge, PurgeLog } from "./purge-log.ts";

/** What is kept of a response. */
export interface StoredResponse {
  /** Begins with the name of its plugin and a line end. */
  readonly key: string;
  /** The plugin's own words about it. */
  readonly meta: string;
  /** Null: no purge of a URL finds it. */
  readonly url: string | null;
  readonly tags: readonly string[];
  readonly body: StoredBody;
  /** When a purge marked it as stale, ms since the epoch; null: none did. */
  readonly staleSince: number | null;
}

/** Who keeps a response, and since when it is under way: a purge after that means it, too. */
export interface Asked {
  /** ms, as `performance.now()`. */
  readonly at: number;
  /** Null: nobody in particular. */
  readonly by: object | null;
}

/** Bytes that are sent as they are, to any number of clients at once. Nobody writes to them. */
export class StoredBody {
  readonly parts: readonly Buffer[];
  readonly length: number;

  constructor(parts: readonly Buffer[]) {
    this.parts = parts;
    this.length = parts.reduce((sum, part) => sum + part.length, 0);
  }

  /**
   * A part of it, without a copy.
   *
   * @param end exclusive
   */
  slice(start: number, end: number): StoredBody {
    const parts: Buffer[] = [];
    let at = 0;
    for (const part of this.parts) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, part.length);
      if (from < to) parts.push(part.subarray(from, to));
      at += part.length;
    }
    return new StoredBody(parts);
  }
}

/** Which entries a store of bounded bytes keeps. */
export interface Eviction {
  /** Somebody wants this key, whether it is held or not. */
  touch(key: string): boolean;
  /** Returns keys that have to go; `key` itself among them when it is not worth its place. */
  insert(key: string, bytes: number): string[];
  delete(key: string): void;
  /** Bytes of all entries, at most, from now on. Returns keys that have to go. */
  resize(capacity: number): string[];
  /** Of all entries. */
  readonly bytes: number;
}

/** What a store tells of itself; plain JSON. */
export interface ResponseStoreReport {
  readonly bytes: number;
  readonly entries: number;
  /** Lookups that found something, and those that did not. */
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

/** What an entry costs besides its texts and its body, in bytes. */
const entryBytes = 500;

export class ResponseStore {
  private evictions = 0;
  private hits = 0;
  private misses = 0;
  private readonly entries = new Map<string, StoredResponse>();
  private readonly labels = new PurgeIndex();
  private readonly purges = new PurgeLog();
  private readonly eviction: Eviction;

  /** @param eviction told of everything that comes, goes and is looked for */
  constructor(eviction: Eviction) {
    this.eviction = eviction;
  }

  get size(): number {
    return this.entries.size;
  }

  report(): ResponseStoreReport {
    const { hits, misses, evictions } = this;
    return { bytes: this.eviction.bytes, entries: this.entries.size, hits, misses, evictions };
  }

  /** Bytes of all that is kept, at most, from now on. */
  resize(capacity: number): void {
    this.evict(this.eviction.resize(capacity));
  }

  get(key: string): StoredResponse | null {
    this.eviction.touch(key);
    const found = this.entries.get(key);
    if (found === undefined) {
      this.misses++;
      return null;
    }
    this.hits++;
    return found;
  }

  /**
   * Keeps a response, in the place of the one of its key. Returns whether it was found worth its place, and was not
   * purged while it was under way.
   */
  set(response: StoredResponse, asked: Asked = now()): boolean {
    const { key, meta, url, tags, body } = response;
    if (this.purges.covers(response, asked.at, asked.by)) return false;
    this.entries.set(key, response);
    this.labels.add(key, url, tags);
    const texts =
      key.length + meta.length + (url?.length ?? 0) + tags.reduce((sum, tag) => sum + tag.length, 0);
    this.evict(this.eviction.insert(key, body.length + 2 * texts + entryBytes));
    return this.entries.has(key);
  }

  /** Other words about a response, whose body stays. Returns whether there was one, which no purge has met meanwhile. */
  update(response: Omit<StoredResponse, "body">, asked: Asked): boolean {
    const found = this.entries.get(response.key);
    return found !== undefined && this.set({ ...response, body: found.body }, asked);
  }

  /** Returns whether there was one. */
  delete(key: string): boolean {
    this.eviction.delete(key);
    return this.forget(key);
  }

  /** Looks at every key. Returns how many went. */
  deletePrefix(prefix: string): number {
    return this.deleteAll([...this.entries.keys()].filter((key) => key.startsWith(prefix)));
  }

  /**
   * Takes responses away, or marks them as stale, and keeps those from coming that were asked for before.
   *
   * @param scope that their keys begin with: empty, or the name of a plugin and a line end
   * @param asked whose own response it does not mean
   * @returns how many there were
   */
  purge(scope: string, purge: Purge, isSoft: boolean, asked: Asked = now()): number {
    this.purges.note(scope, purge, performance.now(), asked.by);
    const found = this.labelled(purge).filter((key) => key.startsWith(scope));
    if (!isSoft) return this.deleteAll(found);
    const staleSince = Date.now();
    for (const key of found) {
      const entry = this.entries.get(key)!;
      this.entries.set(key, { ...entry, staleSince: entry.staleSince ?? staleSince });
    }
    return found.length;
  }

  private labelled(purge: Purge): string[] {
    if ("url" in purge) return this.labels.ofUrl(purge.url);
    return "tag" in purge ? this.labels.withTag(purge.tag) : this.labels.withPrefix(purge.prefix);
  }

  private deleteAll(keys: readonly string[]): number {
    for (const key of keys) this.delete(key);
    return keys.length;
  }

  private evict(keys: readonly string[]): void {
    for (const key of keys) if (this.forget(key)) this.evictions++;
  }

  private forget(key: string): boolean {
    this.labels.delete(key);
    return this.entries.delete(key);
  }
}

function now(): Asked {
  return { at: performance.now(), by: null };
}
