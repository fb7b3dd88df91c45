import { isSame } from "../constant-time.ts";
import { digestOf, type KnownKey, longestKey } from "./known-key.ts";

/** Keys that are remembered as they were shown. */
const mostShown = 1024;

/** Finds keys by their hashes, in a time that tells nothing of those that there are. */
export class KeyTable {
  private readonly byMark = new Map<number, KnownKey[]>();
  /**
   * Good keys that were shown lately: to hash one takes longer than all else. They are looked up by a number made of the
   * whole text, so the time tells no part of a key.
   */
  private readonly shown = new Map<string, KnownKey>();

  constructor(keys: readonly KnownKey[]) {
    for (const key of keys) {
      const mark = markOf(key.digest);
      const same = this.byMark.get(mark) ?? [];
      if (same.some(({ digest }) => isSame(digest, key.digest))) throw new Error("a key is there twice");
      this.byMark.set(mark, [...same, key]);
    }
  }

  find(key: string): KnownKey | null {
    const known = this.shown.get(key);
    if (known !== undefined) return known;
    if (key.length > longestKey || this.byMark.size === 0) return null;
    const found = this.search(key);
    if (found !== null) {
      if (this.shown.size === mostShown) this.shown.clear();
      this.shown.set(key, found);
    }
    return found;
  }

  private search(key: string): KnownKey | null {
    const digest = digestOf(key);
    let found: KnownKey | null = null;
    for (const known of this.byMark.get(markOf(digest)) ?? []) {
      if (isSame(known.digest, digest)) found = known;
    }
    return found;
  }
}

/** The beginning of a hash: who learns it from the time of a look-up has learned nothing of a key that is random. */
function markOf(digest: Uint8Array): number {
  return digest[0]! | (digest[1]! << 8) | (digest[2]! << 16) | (digest[3]! << 24);
}
