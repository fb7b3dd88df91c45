/** What stored responses are purged by: a URL, all URLs that begin alike, or a tag. */
export type Purge = { readonly url: string } | { readonly prefix: string } | { readonly tag: string };

/** What a purge finds a response by. */
export interface PurgeLabels {
  readonly key: string;
  readonly url: string | null;
  readonly tags: readonly string[];
}

/** Whether a purge means a response, if it is in its scope. */
export function isLabelled({ url, tags }: PurgeLabels, purge: Purge): boolean {
  if ("tag" in purge) return tags.includes(purge.tag);
  return "url" in purge ? url === purge.url : url?.startsWith(purge.prefix) === true;
}

interface Noted {
  readonly at: number;
  /** It is an exchange, which is not to be kept for it. */
  readonly by: WeakRef<object> | null;
  /** When somebody else last purged the same. */
  readonly others: number;
}

interface NotedPrefix {
  readonly scope: string;
  readonly prefix: string;
  readonly at: number;
}

/** Purges that are remembered one by one: those of exact labels, and prefixes, which are looked at in turn. */
const mostExact = 10_000;
const mostPrefixes = 256;
/** Code units of the exact labels together: sensible ones have fewer than a hundred each. */
const longestExact = 4 * 1024 * 1024;

/**
 * The purges of late, so that a response that was asked for before one of them, and arrives after it, is not kept:
 * it may be what was purged. When there were too many to remember, what was asked for before the forgotten
 * ones counts as purged.
 *
 * @example
 * log.note("cache\n", { tag: "product-7" }, performance.now(), null);
 * log.covers({ key: "cache\nk", url: null, tags: ["product-7"] }, askedBefore, null); // true
 */
export class PurgeLog {
  private readonly exact = new Map<string, Noted>();
  private readonly prefixes: NotedPrefix[] = [];
  private length = 0;
  private forgotten = -Infinity;

  /**
   * @param scope that the keys of the purged begin with
   * @param at ms, monotonic
   * @param by whose own response it does not mean; null: nobody's
   */
  note(scope: string, purge: Purge, at: number, by: object | null): void {
    if ("prefix" in purge) {
      this.prefixes.push({ scope, prefix: purge.prefix, at });
      if (this.prefixes.length > mostPrefixes) this.forget(this.prefixes.shift()!.at);
      return;
    }
    const label = "url" in purge ? urlLabel(scope, purge.url) : tagLabel(scope, purge.tag);
    const former = this.exact.get(label);
    const others = former === undefined ? -Infinity : isBy(former, by) ? former.others : former.at;
    if (this.exact.delete(label)) this.length -= label.length;
    this.exact.set(label, { at, by: by === null ? null : new WeakRef(by), others });
    this.length += label.length;
    while (this.exact.size > mostExact || this.length > longestExact) this.forgetOldest();
  }

  /** Everything was purged. */
  noteAll(at: number): void {
    this.forget(at);
  }

  /**
   * Whether a response was purged since it was asked for.
   *
   * @param asked ms, monotonic
   * @param by whose response it is
   */
  covers(response: PurgeLabels, asked: number, by: object | null): boolean {
    if (asked <= this.forgotten) return true;
    const scopes = ["", response.key.slice(0, response.key.indexOf("\n") + 1)];
    return scopes.some((scope) => this.coversIn(scope, response, asked, by));
  }

  private coversIn(scope: string, { url, tags }: PurgeLabels, asked: number, by: object | null): boolean {
    const isAfter = (label: string) => {
      const noted = this.exact.get(label);
      return noted !== undefined && (by !== null && isBy(noted, by) ? noted.others : noted.at) >= asked;
    };
    if (url !== null && isAfter(urlLabel(scope, url))) return true;
    if (tags.some((tag) => isAfter(tagLabel(scope, tag)))) return true;
    return this.prefixes.some(
      (one) => one.at >= asked && one.scope === scope && url?.startsWith(one.prefix) === true,
    );
  }

  private forgetOldest(): void {
    for (const [label, { at }] of this.exact) {
      this.exact.delete(label);
      this.length -= label.length;
      this.forget(at);
      return;
    }
  }

  private forget(at: number): void {
    this.forgotten = Math.max(this.forgotten, at);
  }
}

function isBy(noted: Noted, by: object | null): boolean {
  return noted.by === null ? by === null : noted.by.deref() === by;
}

function urlLabel(scope: string, url: string): string {
  return `${scope}u${url}`;
}

function tagLabel(scope: string, tag: string): string {
  return `${scope}t${tag}`;
}
