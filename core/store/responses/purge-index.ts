import type { Purge } from "./purge-log.ts";

/**
 * Which entries belong to a URL or carry a tag, for those who purge them. It knows what is in the store, and
 * so is told of every entry that comes and goes.
 *
 * @example
 * index.add(entryKey, "https://a.test/b", ["product-7"]);
 * index.withTag("product-7"); // [entryKey]
 */
export class PurgeIndex {
  readonly #entries = new Map<string, Labels>();
  readonly #byUrl: ByLabel = new Map();
  readonly #byTag: ByLabel = new Map();

  /** Entries with a label. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * An entry came, or came again with other labels.
   *
   * @param url null: it belongs to none
   */
  add(entry: string, url: string | null, tags: readonly string[]): void {
    this.delete(entry);
    if (url === null && tags.length === 0) return;
    this.#entries.set(entry, { url, tags });
    if (url !== null) put(this.#byUrl, url, entry);
    for (const tag of tags) put(this.#byTag, tag, entry);
  }

  /** An entry went. */
  delete(entry: string): void {
    const labels = this.#entries.get(entry);
    if (!labels) return;
    this.#entries.delete(entry);
    if (labels.url !== null) take(this.#byUrl, labels.url, entry);
    for (const tag of labels.tags) take(this.#byTag, tag, entry);
  }

  find(purge: Purge): string[] {
    if ("url" in purge) return this.ofUrl(purge.url);
    return "tag" in purge ? this.withTag(purge.tag) : this.withPrefix(purge.prefix);
  }

  /** Entries of a URL, all its variants. */
  ofUrl(url: string): string[] {
    return listed(this.#byUrl.get(url));
  }

  /** Entries of all URLs that begin with `prefix`: looks at each URL. */
  withPrefix(prefix: string): string[] {
    const found: string[] = [];
    for (const [url, entries] of this.#byUrl) if (url.startsWith(prefix)) found.push(...listed(entries));
    return found;
  }

  withTag(tag: string): string[] {
    return listed(this.#byTag.get(tag));
  }
}

interface Labels {
  readonly url: string | null;
  readonly tags: readonly string[];
}

/** Most labels have one entry, and a set of it would take more than all else that is known of it. */
type ByLabel = Map<string, string | Set<string>>;

function listed(entries: string | Set<string> | undefined): string[] {
  if (entries === undefined) return [];
  return typeof entries === "string" ? [entries] : [...entries];
}

function put(map: ByLabel, label: string, entry: string): void {
  const entries = map.get(label);
  if (entries === undefined) map.set(label, entry);
  else if (typeof entries !== "string") entries.add(entry);
  else if (entries !== entry) map.set(label, new Set([entries, entry]));
}

function take(map: ByLabel, label: string, entry: string): void {
  const entries = map.get(label);
  if (entries === entry) map.delete(label);
  else if (typeof entries === "object" && entries.delete(entry) && entries.size === 0) map.delete(label);
}
