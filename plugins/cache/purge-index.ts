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

  /** Entries that are known. */
  get size(): number {
    return this.#entries.size;
  }

  /** An entry came, or came again with other labels. */
  add(entry: string, url: string, tags: readonly string[]): void {
    this.delete(entry);
    this.#entries.set(entry, { url, tags });
    put(this.#byUrl, url, entry);
    for (const tag of tags) put(this.#byTag, tag, entry);
  }

  /** An entry went. */
  delete(entry: string): void {
    const labels = this.#entries.get(entry);
    if (!labels) return;
    this.#entries.delete(entry);
    take(this.#byUrl, labels.url, entry);
    for (const tag of labels.tags) take(this.#byTag, tag, entry);
  }

  /** Entries of a URL, all its variants. */
  ofUrl(url: string): string[] {
    return [...(this.#byUrl.get(url) ?? [])];
  }

  /** Entries of all URLs that begin with `prefix`: looks at each URL, which is cheap next to how seldom it is done. */
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
  readonly url: string;
  readonly tags: readonly string[];
}

/**
 * The tags that a response carries, each once, from fields like Cache-Tag and Surrogate-Key: separated by commas
 * or spaces.
 *
 * @param value of the field, null when it is not there
 */
export function tagsOf(value: string | null): string[] {
  return [...new Set(value?.match(/[^\s,]+/g) ?? [])];
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
