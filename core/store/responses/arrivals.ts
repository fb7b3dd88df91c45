import { bodyBytes, textBytes } from "./entry-bytes.ts";
import { isLabelled, type Purge } from "./purge-log.ts";
import type { LoadedResponse } from "./second-level.ts";

/** For how long what a second level gave is at hand for those who asked for it, in ms. */
const atHand = 1000;
/** Responses that are at hand, and bytes of them in memory, at most. */
const mostResponses = 4096;
const mostBytes = 32 * 1024 * 1024;

/** What a second level gives, from then until it is asked for: memory may not find it worth a place. */
export class Arrivals {
  private readonly coming = new Map<string, Coming>();
  private readonly here = new Map<string, LoadedResponse>();
  private bytes = 0;

  get(key: string): LoadedResponse | null {
    return this.here.get(key) ?? null;
  }

  /**
   * Loads once, however many ask.
   *
   * @param take told of what came, unless it was deleted on its way
   */
  bring(
    key: string,
    load: () => Promise<LoadedResponse | null>,
    take: (found: LoadedResponse) => void,
  ): Promise<void> {
    const former = this.coming.get(key);
    if (former !== undefined) return former.whole;
    const coming: Coming = { whole: Promise.resolve(), isDeleted: false };
    coming.whole = load().then((found) => {
      this.coming.delete(key);
      if (found === null || coming.isDeleted) return;
      this.add(key, found);
      take(found);
    });
    this.coming.set(key, coming);
    return coming.whole;
  }

  delete(key: string): void {
    const coming = this.coming.get(key);
    if (coming !== undefined) coming.isDeleted = true;
    this.drop(key);
  }

  deletePrefix(prefix: string): void {
    for (const [key, coming] of this.coming) if (key.startsWith(prefix)) coming.isDeleted = true;
    for (const key of this.here.keys()) if (key.startsWith(prefix)) this.drop(key);
  }

  /** Those that are at hand; what is coming is for the second level to know. */
  purge(scope: string, purge: Purge): void {
    for (const [key, found] of this.here)
      if (key.startsWith(scope) && isLabelled(found, purge)) this.drop(key);
  }

  private add(key: string, found: LoadedResponse): void {
    this.drop(key);
    if (this.here.size >= mostResponses || this.bytes + bytesOf(found) > mostBytes) return;
    this.here.set(key, found);
    this.bytes += bytesOf(found);
    setTimeout(() => {
      if (this.here.get(key) === found) this.drop(key);
    }, atHand).unref();
  }

  private drop(key: string): void {
    const found = this.here.get(key);
    if (found === undefined) return;
    this.here.delete(key);
    this.bytes -= bytesOf(found);
  }
}

interface Coming {
  whole: Promise<void>;
  isDeleted: boolean;
}

function bytesOf(found: LoadedResponse): number {
  return textBytes(found) + bodyBytes(found.body);
}
