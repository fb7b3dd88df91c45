/** Purges that machines tell each other: what was purged, and as which one of all. */
import { hash } from "node:crypto";
import type { Purge, PurgeLabels } from "../../responses/purge-log.ts";

/**
 * One purge: of a URL (`u`), of one that is too long to be told (`l`), a tag (`t`), URLs that begin so (`p`), or keys that
 * begin so (`k`).
 */
export interface PurgeMark {
  readonly kind: "u" | "l" | "t" | "p" | "k";
  readonly isSoft: boolean;
  /** That the keys of the purged begin with. */
  readonly scope: string;
  readonly label: string;
}

/** In the place of a mark: everything that was there is purged. */
export const everything = "*";

/** In code units. */
const longestLabel = 256;
const longestPrefix = 1024;
const longestMark = 8192;
/** What of a long URL is told as it is. */
const longUrlStart = 200;

/** What is purged at least: where it is too long to be told, more than that. */
export function markOf(scope: string, purge: Purge, isSoft: boolean): PurgeMark {
  if ("prefix" in purge) return { kind: "p", isSoft, scope, label: purge.prefix.slice(0, longestPrefix) };
  if ("url" in purge) return { kind: urlKind(purge.url), isSoft, scope, label: urlLabel(purge.url) };
  if (purge.tag.length <= longestLabel) return { kind: "t", isSoft, scope, label: purge.tag };
  return keysMark(scope);
}

/** All keys that begin so. */
export function keysMark(prefix: string): PurgeMark {
  return { kind: "k", isSoft: false, scope: "", label: prefix.slice(0, longestPrefix) };
}

/** The same for a store that knows its responses by their URLs and tags; null: it is about keys. */
export function purgeOf({ kind, label }: PurgeMark): Purge | null {
  if (kind === "k") return null;
  if (kind === "t") return { tag: label };
  if (kind === "u") return { url: label };
  return { prefix: kind === "p" ? label : label.slice(0, longUrlStart) };
}

export function markText({ kind, isSoft, scope, label }: PurgeMark): string {
  return JSON.stringify([kind, isSoft ? 1 : 0, scope, label]);
}

/** Null: nobody knows what it says, so it may mean everything. */
export function parseMark(text: string): PurgeMark | null {
  if (text.length > longestMark) return null;
  try {
    const [kind, soft, scope, label] = JSON.parse(text) as unknown[];
    const isMark = isKind(kind) && (soft === 0 || soft === 1);
    if (!isMark || typeof scope !== "string" || typeof label !== "string") return null;
    return { kind, isSoft: soft === 1, scope, label };
  } catch {
    return null;
  }
}

function isKind(value: unknown): value is PurgeMark["kind"] {
  return value === "u" || value === "l" || value === "t" || value === "p" || value === "k";
}

function urlKind(url: string): "u" | "l" {
  return url.length > longestLabel ? "l" : "u";
}

function urlLabel(url: string): string {
  if (url.length <= longestLabel) return url;
  return `${url.slice(0, longUrlStart)}#${hash("sha256", url, "base64url")}`;
}

/** Marks that are remembered: of URLs and tags one by one, and beginnings, which are looked at in turn. */
export const mostMarks = 50_000;
const mostPrefixes = 256;

/**
 * The purges that are known, each by its serial: a number that grows with every purge, and tells when it was (µs since the
 * epoch, by the clock of the server). Of what was forgotten everything counts as purged that was asked for before.
 *
 * @example
 * marks.add(markOf("cache\n", { tag: "product-7" }, false), 1_790_000_000_000_000);
 * marks.verdict({ key: "cache\nk", url: null, tags: ["product-7"] }, 1_780_000_000_000_000); // "purged"
 */
export class PurgeMarks {
  private readonly exact = new Map<string, number>();
  private readonly beginnings: { readonly mark: PurgeMark; readonly serial: number }[] = [];
  /** Everything from before this one is purged. */
  private floor = 0;

  /** @param serial greater than all that were added */
  add(mark: PurgeMark, serial: number): void {
    if (mark.kind === "p" || mark.kind === "k") {
      this.beginnings.push({ mark, serial });
      if (this.beginnings.length > mostPrefixes) this.floor = this.beginnings.shift()!.serial;
      return;
    }
    const label = labelText(mark.isSoft, mark.kind, mark.scope, mark.label);
    this.exact.delete(label);
    this.exact.set(label, serial);
    if (this.exact.size > mostMarks) this.forgetOldest();
  }

  /** Everything is purged that was asked for before a serial. */
  addEverything(serial: number): void {
    this.exact.clear();
    this.beginnings.length = 0;
    this.floor = serial;
  }

  /**
   * What became of a response since it was asked for: nothing (null), it is purged, or since when it is stale, in ms since
   * the epoch.
   *
   * @param serial of the last purge that its request came after
   */
  verdict(response: PurgeLabels, serial: number): "purged" | number | null {
    if (serial < this.floor || this.latest(response, false) > serial) return "purged";
    const soft = this.latest(response, true);
    return soft > serial ? Math.floor(soft / 1000) : null;
  }

  /** Serial of the last purge that means a response; 0: none does. */
  private latest({ key, url, tags }: PurgeLabels, isSoft: boolean): number {
    let latest = 0;
    for (const scope of ["", key.slice(0, key.indexOf("\n") + 1)]) {
      const look = (kind: string, label: string) => {
        const serial = this.exact.get(labelText(isSoft, kind, scope, label));
        if (serial !== undefined && serial > latest) latest = serial;
      };
      if (url !== null) look(urlKind(url), urlLabel(url));
      for (const tag of tags) look("t", tag);
    }
    for (const { mark, serial } of this.beginnings) {
      if (serial > latest && mark.isSoft === isSoft && isMeant(mark, key, url)) latest = serial;
    }
    return latest;
  }

  private forgetOldest(): void {
    for (const [label, serial] of this.exact) {
      this.exact.delete(label);
      this.floor = Math.max(this.floor, serial);
      return;
    }
  }
}

function isMeant({ kind, scope, label }: PurgeMark, key: string, url: string | null): boolean {
  if (kind === "k") return key.startsWith(label);
  return url?.startsWith(label) === true && key.startsWith(scope);
}

function labelText(isSoft: boolean, kind: string, scope: string, label: string): string {
  return `${isSoft ? "s" : "h"}${kind}${scope}\n${label}`;
}
