/** Responses that plugins keep, with their bodies, in this thread's memory: bounded by bytes, found by key, prefix or tag. */

/** What is kept of a response. */
export interface StoredResponse {
  readonly key: string;
  /** The plugin's own words about it. */
  readonly meta: string;
  readonly tags: readonly string[];
  readonly body: StoredBody;
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
}

/** What an entry costs besides its texts and its body, in bytes. */
const entryBytes = 500;

export class ResponseStore {
  /** Entries that had to go for others so far. */
  evictions = 0;
  private readonly entries = new Map<string, StoredResponse>();
  private readonly tagged = new Map<string, Set<string>>();
  private readonly eviction: Eviction;

  /** @param eviction told of everything that comes, goes and is looked for */
  constructor(eviction: Eviction) {
    this.eviction = eviction;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): StoredResponse | null {
    this.eviction.touch(key);
    return this.entries.get(key) ?? null;
  }

  /** Keeps a response, in the place of the one of its key. Returns whether it was found worth its place. */
  set(response: StoredResponse): boolean {
    const { key, meta, tags, body } = response;
    this.forget(key);
    this.entries.set(key, response);
    for (const tag of tags) {
      const keys = this.tagged.get(tag);
      if (keys === undefined) this.tagged.set(tag, new Set([key]));
      else keys.add(key);
    }
    const texts = key.length + meta.length + tags.reduce((sum, tag) => sum + tag.length, 0);
    for (const gone of this.eviction.insert(key, body.length + 2 * texts + entryBytes)) {
      if (this.forget(gone)) this.evictions++;
    }
    return this.entries.has(key);
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

  deleteTag(tag: string): number {
    return this.deleteAll([...(this.tagged.get(tag) ?? [])]);
  }

  private deleteAll(keys: readonly string[]): number {
    for (const key of keys) this.delete(key);
    return keys.length;
  }

  private forget(key: string): boolean {
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    this.entries.delete(key);
    for (const tag of entry.tags) {
      const keys = this.tagged.get(tag);
      if (keys?.delete(key) && keys.size === 0) this.tagged.delete(tag);
    }
    return true;
  }
}
