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
  readonly #byUrl = new Map<string, Set<string>>();
  readonly #byTag = new Map<string, Set<string>>();

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
    return [...(this.#byUrl.get(url) ?? [])];
  }

  /** Entries of all URLs that begin with `prefix`: looks at each URL. */
  withPrefix(prefix: string): string[] {
    const found: string[] = [];
    for (const [url, entries] of this.#byUrl) if (url.startsWith(prefix)) found.push(...entries);
    return found;
  }

  withTag(tag: string): string[] {
    return [...(this.#byTag.get(tag) ?? [])];
  }
}

interface Labels {
  readonly url: string | null;
  readonly tags: readonly string[];
}

function put(map: Map<string, Set<string>>, label: string, entry: string): void {
  const entries = map.get(label);
  if (entries) entries.add(entry);
  else map.set(label, new Set([entry]));
}

function take(map: Map<string, Set<string>>, label: string, entry: string): void {
  const entries = map.get(label);
  if (entries?.delete(entry) && entries.size === 0) map.delete(label);
}
