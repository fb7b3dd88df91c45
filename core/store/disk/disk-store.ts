/** Responses on disk: a second level behind memory, which a restart does not empty. */
import { bodyBytes, textBytes } from "../responses/entry-bytes.ts";
import { PurgeIndex } from "../responses/purge-index.ts";
import type { Purge, PurgeLabels } from "../responses/purge-log.ts";
import type { Eviction } from "../responses/response-store.ts";
import type {
  DiskReport,
  LoadedResponse,
  PurgedKeys,
  SecondLevel,
  Words,
} from "../responses/second-level.ts";
import type { StoredBody } from "../responses/stored-body.ts";
import { DiskFolder, type FileSystem, systemFiles } from "./disk-folder.ts";
import { EntryFiles, longestLoaded } from "./entry-files.ts";
import { type EntryHead, type EntryLayout, encodeHead, fileBytes, layoutFor } from "./entry-format.ts";
import { WriteQueue } from "./write-queue.ts";

export interface DiskStoreOptions {
  readonly path: string;
  /** Bytes, as files take them of the disk. */
  readonly size: number;
  readonly files: number;
  /** Made for the bytes that may be taken. */
  readonly eviction: (capacity: number) => Eviction;
  /** Whether what was there at the start has been purged since. */
  readonly isPurged: (labels: PurgeLabels) => boolean;
  /** Told with the error when the disk begins to fail, and with null when it works again. */
  readonly onState: (error: unknown) => void;
  /** For which nothing is written after a failure, in ms. Default: 5 s. */
  readonly pause?: number;
  /** In the place of the system's, for tests. */
  readonly system?: FileSystem;
}

/** What is known of a response without opening its file. */
interface DiskEntry {
  readonly key: string;
  readonly file: string;
  readonly layout: EntryLayout;
  readonly storedAt: number;
  staleSince: number | null;
  /** The response itself, until it is written. */
  unwritten: Omit<LoadedResponse, "staleSince"> | null;
  /** How often its words were written over. */
  changes: number;
}

/** Files take whole pages of a disk. */
const pageBytes = 4096;
const defaultPause = 5000;

export class DiskStore implements SecondLevel {
  readonly isShared = false;
  /** Settled when all that was there at the start is known. */
  readonly scanned: Promise<void>;
  private readonly options: DiskStoreOptions;
  private readonly folder: DiskFolder;
  private readonly files: EntryFiles;
  private readonly entries = new Map<string, DiskEntry>();
  private readonly labels = new PurgeIndex();
  private readonly eviction: Eviction;
  private readonly writes = new WriteQueue();
  private readonly counts = { hits: 0, misses: 0, evictions: 0, skipped: 0, errors: 0 };
  private leastCost: number;
  /** What was made and deleted before all was known that was there; null: it is. */
  private meanwhile: { files: Set<string>; keys: Set<string>; prefixes: string[] } | null = {
    files: new Set(),
    keys: new Set(),
    prefixes: [],
  };
  /** No writes until then, ms as `performance.now()`. */
  private quietUntil = 0;
  private state: "opening" | "open" | "closed" = "opening";
  private isFailing = false;

  constructor(options: DiskStoreOptions) {
    this.options = options;
    this.folder = new DiskFolder(options.path, options.system ?? systemFiles);
    this.files = new EntryFiles(this.folder);
    this.leastCost = options.size / options.files;
    this.eviction = options.eviction(options.size);
    this.scanned = this.open();
  }

  report(): DiskReport {
    return { kind: "disk", bytes: this.eviction.bytes, entries: this.entries.size, ...this.counts };
  }

  resize(size: number, files: number): void {
    this.leastCost = size / files;
    for (const key of this.eviction.resize(size)) this.evict(key);
  }

  /** Begins nothing more, and waits for what is being written. */
  async close(): Promise<void> {
    this.state = "closed";
    await this.writes.settled();
  }

  /** Settled when all that is to be written is. */
  settled(): Promise<void> {
    return this.writes.settled();
  }

  // --- as memory asks

  has(key: string): boolean {
    this.eviction.touch(key);
    return this.entries.has(key);
  }

  keep(words: Words, body: StoredBody): boolean {
    this.delete(words.key);
    const isQuiet = performance.now() < this.quietUntil;
    const held = bodyBytes(body) + textBytes(words);
    if (this.state !== "open" || isQuiet || !this.writes.hasRoomFor(held)) {
      this.counts.skipped++;
      return false;
    }
    const head: EntryHead = { ...words, storedAt: Date.now() };
    const { key, meta, url, tags, storedAt } = head;
    const layout = layoutFor(head, body.length);
    const file = this.folder.newName();
    this.meanwhile?.files.add(file);
    const unwritten = { key, meta, url, tags, body };
    const entry = { key, file, layout, storedAt, staleSince: null, unwritten, changes: 0 };
    if (!this.add(entry, words)) return false;
    void this.writes.add(file, held, () => this.write(entry, head, body));
    return true;
  }

  update(words: Words): boolean {
    const entry = this.entries.get(words.key);
    if (entry === undefined) return false;
    const { file, layout, storedAt } = entry;
    const bytes = encodeHead({ ...words, storedAt }, layout, null);
    if (bytes === null || this.state !== "open" || !this.writes.hasRoomFor(bytes.length)) {
      this.delete(words.key);
      return false;
    }
    const { meta, url, tags } = words;
    if (entry.unwritten !== null) entry.unwritten = { ...entry.unwritten, meta, url, tags };
    entry.staleSince = null;
    entry.changes++;
    this.labels.add(words.key, url, tags);
    void this.writes.add(file, bytes.length, () => this.change(entry, () => this.files.change(file, bytes)));
    return true;
  }

  delete(key: string): boolean {
    this.meanwhile?.keys.add(key);
    return this.drop(key) !== null;
  }

  deletePrefix(prefix: string): string[] {
    this.meanwhile?.prefixes.push(prefix);
    const keys = [...this.entries.keys()].filter((key) => key.startsWith(prefix));
    for (const key of keys) this.drop(key);
    return keys;
  }

  purge(scope: string, purge: Purge, staleSince: number | null): PurgedKeys {
    const keys = this.labels.find(purge).filter((key) => key.startsWith(scope));
    const steps = keys.map((key) => (staleSince === null ? this.drop(key) : this.mark(key, staleSince)));
    return { keys, done: Promise.all(steps).then(() => true) };
  }

  async load(key: string): Promise<LoadedResponse | null> {
    for (let tried = 0; tried < 2; tried++) {
      const entry = this.entries.get(key);
      if (entry === undefined) break;
      const { unwritten, changes, staleSince } = entry;
      if (unwritten !== null) {
        this.counts.hits++;
        return { ...unwritten, staleSince };
      }
      await this.writes.tailOf(entry.file);
      const found = await this.read(entry);
      // It may have been purged, replaced or changed while it was read.
      if (this.entries.get(key) !== entry) continue;
      if (entry.changes !== changes) continue;
      if (found === null) break;
      this.counts.hits++;
      return { ...found, staleSince: entry.staleSince };
    }
    this.counts.misses++;
    return null;
  }

  private async read(entry: DiskEntry): Promise<LoadedResponse | null> {
    const { key, file, layout, changes } = entry;
    const onCorrupt = () => this.corrupt(entry);
    if (layout.bodyLength > longestLoaded && !this.files.mayOpen) return null;
    try {
      const found = await this.files.read(file, key, layout, onCorrupt);
      if (found === null && entry.changes === changes) onCorrupt();
      if (found === null) return null;
      const { meta, url, tags } = found.head;
      return { key, meta, url, tags, body: found.body, staleSince: null };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") onCorrupt();
      else this.fails(error);
      return null;
    }
  }

  // --- files

  private async write(entry: DiskEntry, head: EntryHead, body: StoredBody): Promise<void> {
    // It may be purged before it was there.
    if (this.entries.get(entry.key) !== entry) return;
    try {
      await this.files.write(entry.file, head, entry.layout, body);
      entry.unwritten = null;
      this.works();
    } catch (error) {
      if (this.entries.get(entry.key) === entry) this.forget(entry.key);
      this.fails(error);
      // Somebody took the folder away.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") await this.folder.prepare().catch(() => {});
    }
  }

  private async change(entry: DiskEntry, write: () => Promise<void>): Promise<void> {
    if (this.entries.get(entry.key) !== entry) return;
    try {
      await write();
    } catch (error) {
      // What it says may be neither the old nor the new.
      if (this.entries.get(entry.key) === entry) void this.drop(entry.key);
      this.fails(error);
    }
  }

  private mark(key: string, staleSince: number): Promise<void> {
    const entry = this.entries.get(key)!;
    entry.staleSince ??= staleSince;
    const since = entry.staleSince;
    return this.writes.add(entry.file, 0, () => this.change(entry, () => this.files.mark(entry.file, since)));
  }

  /** Null: there was none. Otherwise settled when its file is gone. */
  private drop(key: string): Promise<void> | null {
    const entry = this.forget(key);
    if (entry === null) return null;
    return this.writes.add(entry.file, 0, () => this.remove(entry.file));
  }

  private async remove(file: string): Promise<void> {
    if (!(await this.folder.remove(file))) this.fails(new Error("a file cannot be removed"));
  }

  private corrupt(entry: DiskEntry): void {
    if (this.entries.get(entry.key) !== entry) return;
    this.counts.errors++;
    void this.drop(entry.key);
  }

  // --- what is known

  /** Whether it is worth its place. */
  private add(entry: DiskEntry, { url, tags }: PurgeLabels): boolean {
    const { key, layout } = entry;
    this.entries.set(key, entry);
    this.labels.add(key, url, tags);
    const pages = Math.ceil(fileBytes(layout) / pageBytes) * pageBytes;
    const gone = this.eviction.insert(key, Math.max(pages, Math.ceil(this.leastCost)));
    for (const other of gone) if (other !== key) this.evict(other);
    if (!gone.includes(key)) return true;
    this.forget(key);
    return false;
  }

  private evict(key: string): void {
    if (this.drop(key) !== null) this.counts.evictions++;
  }

  private forget(key: string): DiskEntry | null {
    const entry = this.entries.get(key);
    if (entry === undefined) return null;
    this.entries.delete(key);
    this.labels.delete(key);
    this.eviction.delete(key);
    return entry;
  }

  private fails(error: unknown): void {
    this.counts.errors++;
    this.quietUntil = performance.now() + (this.options.pause ?? defaultPause);
    if (this.isFailing) return;
    this.isFailing = true;
    this.options.onState(error);
  }

  private works(): void {
    if (!this.isFailing) return;
    this.isFailing = false;
    this.options.onState(null);
  }

  // --- the start

  private async open(): Promise<void> {
    try {
      await this.folder.prepare();
      if (this.state === "opening") this.state = "open";
      for await (const file of this.folder.names()) {
        if (this.state === "closed") return;
        await this.adopt(file);
      }
    } catch (error) {
      this.fails(error);
    }
    this.meanwhile = null;
  }

  /** Takes over what a former process has written. */
  private async adopt(file: string): Promise<void> {
    if (this.meanwhile!.files.has(file)) return;
    const found = await this.files.find(file).catch(() => null);
    if (found === null || !this.isWanted(found.head)) return this.remove(file);
    const { head, layout, staleSince } = found;
    const { key, storedAt } = head;
    void this.drop(key);
    const entry = { key, file, layout, storedAt, staleSince, unwritten: null, changes: 0 };
    if (!this.add(entry, head)) await this.remove(file);
  }

  private isWanted({ key, url, tags, storedAt }: EntryHead): boolean {
    const { keys, prefixes } = this.meanwhile!;
    if (keys.has(key) || prefixes.some((prefix) => key.startsWith(prefix))) return false;
    if (this.options.isPurged({ key, url, tags })) return false;
    const twin = this.entries.get(key);
    return twin === undefined || twin.storedAt < storedAt;
  }
}
