/** Responses that plugins keep, with their bodies, in this thread's memory: bounded by bytes, found by key, prefix, URL or tag. */
import { Arrivals } from "./arrivals.ts";
import { bodyBytes, textBytes } from "./entry-bytes.ts";
import { PurgeIndex } from "./purge-index.ts";
import { type Purge, type PurgeLabels, PurgeLog } from "./purge-log.ts";
import { RecordingRoom } from "./recording-room.ts";
import type { LoadedResponse, SecondLevel, SecondLevelReport, Words } from "./second-level.ts";
import { StoredBody } from "./stored-body.ts";

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
  /** Others have written it, who may be anybody. */
  readonly isShared?: true;
  /** ms since the epoch: until then nobody has a better one. Absent: its plugin does not say. */
  readonly freshUntil?: number;
  /** ms for which it may be of use to somebody. Absent: as long as there is room for it. */
  readonly usefulFor?: number;
}

/** Who keeps a response, and since when it is under way: a purge after that means it, too. */
export interface Asked {
  /** ms, as `performance.now()`. */
  readonly at: number;
  /** Null: nobody in particular. */
  readonly by: object | null;
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
  /** Bodies that were not recorded: too many bytes of others were on their way. */
  readonly unrecorded: number;
  /** Null: there is no second level. */
  readonly second: SecondLevelReport | null;
}

interface Announced {
  readonly response: LoadedResponse;
  readonly asked: Asked;
}

/** For how long it is believed that nobody has a better response, in ms. */
const believed = 1000;

export class ResponseStore {
  /** What memory does not have; null: nothing else has it. */
  second: SecondLevel | null = null;
  /** For bodies on their way here. */
  readonly recordings = new RecordingRoom();
  private evictions = 0;
  private hits = 0;
  private misses = 0;
  private readonly entries = new Map<string, StoredResponse>();
  private readonly labels = new PurgeIndex();
  private readonly purges = new PurgeLog();
  private readonly arrivals = new Arrivals();
  /** What is being recorded, and can be read meanwhile. */
  private readonly announced = new Map<string, Announced>();
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
    const own = { bytes: this.eviction.bytes, entries: this.entries.size, hits, misses, evictions };
    return { ...own, unrecorded: this.recordings.refused, second: this.second?.report() ?? null };
  }

  /** Bytes of all that is kept, at most, from now on. */
  resize(capacity: number): void {
    this.recordings.resize(capacity);
    this.evict(this.eviction.resize(capacity));
  }

  /**
   * A response is coming, and who asks for its key gets it until then, in the place of what there may be.
   *
   * @returns to be called when it has come, or will not
   */
  announce(response: Omit<LoadedResponse, "staleSince">, asked: Asked): () => void {
    const { key } = response;
    const announced = { response: { ...response, staleSince: null }, asked };
    this.announced.set(key, announced);
    return () => {
      if (this.announced.get(key) === announced) this.announced.delete(key);
    };
  }

  /** Not what was purged since it was asked for. */
  private announcedAt(key: string): LoadedResponse | null {
    const announced = this.announced.get(key);
    if (announced === undefined) return null;
    const { response, asked } = announced;
    if (!this.purges.covers(response, asked.at, asked.by)) return response;
    this.announced.delete(key);
    return null;
  }

  get(key: string): LoadedResponse | null {
    this.eviction.touch(key);
    const announced = this.announced.size === 0 ? null : this.announcedAt(key);
    if (announced !== null) {
      this.hits++;
      return announced;
    }
    const found = this.entries.get(key);
    if (found !== undefined) {
      this.hits++;
      return found;
    }
    const arrived = this.second === null ? null : this.arrivals.get(key);
    if (arrived === null) this.misses++;
    return arrived;
  }

  /** Whether others may have a better one by now: it is not fresh any more. */
  isOutdated({ freshUntil }: LoadedResponse): boolean {
    return freshUntil !== undefined && this.second?.isShared === true && freshUntil <= Date.now();
  }

  /** Whether a response that `get` does not find may be there after `load`. */
  isElsewhere(key: string): boolean {
    return this.second?.has(key) === true;
  }

  /** Brings a response of the second level into the reach of `get`, for as long as it takes to ask. */
  load(key: string): Promise<void> {
    const { second } = this;
    if (second === null) return Promise.resolve();
    const former = this.entries.get(key);
    const take = (found: LoadedResponse) => {
      const { body } = found;
      const own = this.entries.get(key);
      const isWanted = own === undefined || (own === former && isBetter(found, own));
      if (body instanceof StoredBody && isWanted) this.hold({ ...found, body });
    };
    const loaded = this.arrivals.bring(key, () => second.load(key), take);
    return former === undefined ? loaded : loaded.then(() => this.believe(key, former));
  }

  /** Nobody had a better one: that holds for a while. */
  private believe(key: string, former: StoredResponse): void {
    if (this.entries.get(key) !== former) return;
    this.entries.set(key, { ...former, freshUntil: Date.now() + believed });
  }

  /**
   * Keeps a response, in the place of the one of its key. Returns whether it was found worth its place, and was not
   * purged while it was under way.
   */
  set(response: StoredResponse, asked: Asked = now()): boolean {
    if (this.purges.covers(response, asked.at, asked.by)) return false;
    this.arrivals.delete(response.key);
    const isKept = this.second?.keep(wordsOf(response), response.body, asked.at) === true;
    return this.hold(response) || isKept;
  }

  /** Other words about a response, whose body stays. Returns whether there was one, which no purge has met meanwhile. */
  update(words: Words, asked: Asked): boolean {
    if (this.purges.covers(words, asked.at, asked.by)) return false;
    const { key } = words;
    const found = this.entries.get(key) ?? this.arrivals.get(key);
    this.arrivals.delete(key);
    const isElsewhere = this.second?.update(words) === true;
    if (!(found?.body instanceof StoredBody)) return isElsewhere;
    const { body } = found;
    // It may not have had it, or no room for the words.
    const isKept = isElsewhere || this.second?.keep(words, body, asked.at) === true;
    return this.hold({ ...words, body, staleSince: null }) || isKept;
  }

  /** Returns whether there was one. */
  delete(key: string): boolean {
    this.arrivals.delete(key);
    this.announced.delete(key);
    const wasElsewhere = this.second?.delete(key) === true;
    this.eviction.delete(key);
    return this.forget(key) || wasElsewhere;
  }

  /** Looks at every key. Returns how many went. */
  deletePrefix(prefix: string): number {
    const elsewhere = this.second?.deletePrefix(prefix) ?? [];
    return new Set([...this.deletePrefixHere(prefix), ...elsewhere]).size;
  }

  /** The same in memory alone. */
  deletePrefixHere(prefix: string): string[] {
    const own = [...this.entries.keys()].filter((key) => key.startsWith(prefix));
    for (const key of own) this.forgetWholly(key);
    for (const key of this.announced.keys()) if (key.startsWith(prefix)) this.announced.delete(key);
    this.arrivals.deletePrefix(prefix);
    return own;
  }

  /**
   * Takes responses away, or marks them as stale, and keeps those from coming that were asked for before.
   *
   * @param scope that their keys begin with: empty, or the name of a plugin and a line end
   * @param asked whose own response it does not mean
   * @returns how many there were, and whether they are gone for good
   */
  purge(
    scope: string,
    purge: Purge,
    isSoft: boolean,
    asked: Asked = now(),
  ): { readonly count: number; readonly done: Promise<boolean> | null } {
    const staleSince = isSoft ? Date.now() : null;
    const own = this.purgeHere(scope, purge, staleSince, asked.by);
    const elsewhere = this.second?.purge(scope, purge, staleSince) ?? null;
    for (const key of elsewhere?.keys ?? []) this.arrivals.delete(key);
    return { count: new Set([...own, ...(elsewhere?.keys ?? [])]).size, done: elsewhere?.done ?? null };
  }

  /**
   * The same in memory alone.
   *
   * @param staleSince ms since the epoch; null: they are taken away
   * @param by whose own response it does not mean; null: nobody's
   * @returns their keys
   */
  purgeHere(scope: string, purge: Purge, staleSince: number | null, by: object | null): string[] {
    this.purges.note(scope, purge, performance.now(), by);
    const own = this.labels.find(purge).filter((key) => key.startsWith(scope));
    for (const key of own) {
      if (staleSince === null) this.forgetWholly(key);
      else this.mark(key, staleSince);
    }
    this.arrivals.purge(scope, purge);
    return own;
  }

  /** Nobody knows what was purged: everything here is. */
  purgeAllHere(): void {
    this.purges.noteAll(performance.now());
    this.deletePrefixHere("");
  }

  /**
   * Whether a response that was there before was purged since.
   *
   * @param since ms, as `performance.now()`. Default: since this store was made
   */
  wasPurged(labels: PurgeLabels, since = 0): boolean {
    return this.purges.covers(labels, since, null);
  }

  private mark(key: string, staleSince: number): void {
    const entry = this.entries.get(key)!;
    const isOutdated = entry.freshUntil === undefined ? {} : { freshUntil: 0 };
    this.entries.set(key, { ...entry, ...isOutdated, staleSince: entry.staleSince ?? staleSince });
  }

  /** In memory. Returns whether it was found worth its place. */
  private hold(response: StoredResponse): boolean {
    const { key, url, tags, body } = response;
    this.entries.set(key, response);
    this.labels.add(key, url, tags);
    this.evict(this.eviction.insert(key, bodyBytes(body) + textBytes(response)));
    return this.entries.has(key);
  }

  private evict(keys: readonly string[]): void {
    for (const key of keys) if (this.forget(key)) this.evictions++;
  }

  private forgetWholly(key: string): void {
    this.eviction.delete(key);
    this.forget(key);
  }

  private forget(key: string): boolean {
    this.labels.delete(key);
    return this.entries.delete(key);
  }
}

/** Whether a response of others is to take the place of the one that is here. */
function isBetter(found: LoadedResponse, own: StoredResponse): boolean {
  if (found.staleSince !== null || found.freshUntil === undefined) return false;
  return own.staleSince !== null || found.freshUntil > (own.freshUntil ?? Infinity);
}

function now(): Asked {
  return { at: performance.now(), by: null };
}

function wordsOf({ body: _body, staleSince: _since, isShared: _isShared, ...words }: StoredResponse): Words {
  return words;
}
