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
  readonly by: object | null;
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
    const others = former === undefined ? -Infinity : former.by === by ? former.others : former.at;
    this.exact.delete(label);
    this.exact.set(label, { at, by, others });
    if (this.exact.size > mostExact) this.forgetOldest();
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
      return noted !== undefined && (noted.by !== null && noted.by === by ? noted.others : noted.at) >= asked;
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
      this.forget(at);
      return;
    }
  }

  private forget(at: number): void {
    this.forgotten = Math.max(this.forgotten, at);
  }
}

function urlLabel(scope: string, url: string): string {
  return `${scope}u${url}`;
}

function tagLabel(scope: string, tag: string): string {
  return `${scope}t${tag}`;
}
