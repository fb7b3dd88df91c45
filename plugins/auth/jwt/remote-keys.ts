/** A key set that others publish: fetched when it is needed, kept, and fetched again when a token names a key it has not. */
import { findKey, readKeySet, type VerifyingKey } from "./key-set.ts";

export interface RemoteKeysOptions {
  readonly url: string;
  /** For how long a set is good, in ms. */
  readonly cacheFor: number;
  /** Ms between two fetches at least, whatever tokens ask for, and also after one that failed. */
  readonly cooldown: number;
  /** For how long a set is used that could not be fetched again, in ms, after `cacheFor`. */
  readonly staleFor: number;
  /** For one fetch, in ms. */
  readonly timeout: number;
  /** Called when keys have gone: what they verified is worth nothing any more. */
  readonly onChange: () => void;
  readonly onFailure: (message: string) => void;
  readonly now: () => number;
  readonly fetch: (url: string, timeout: number) => Promise<string>;
}

/** In code units. */
const longestSet = 256 * 1024;

/**
 * @example
 * const keys = new RemoteKeys(options);
 * await keys.find("ES256", "2027-01"); // a key, null (there is none), or "unavailable"
 */
export class RemoteKeys {
  private readonly options: RemoteKeysOptions;
  private keys: readonly VerifyingKey[] = [];
  private text: string | null = null;
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private triedAt = Number.NEGATIVE_INFINITY;
  private running: Promise<void> | null = null;

  constructor(options: RemoteKeysOptions) {
    this.options = options;
  }

  /** @throws Error when the set cannot be fetched or read */
  async start(): Promise<void> {
    await this.fetch();
  }

  async find(algorithm: string, kid: string | null): Promise<VerifyingKey | null | "unavailable"> {
    const { cacheFor, staleFor, now } = this.options;
    if (now() - this.fetchedAt >= cacheFor) {
      const refreshed = this.refresh();
      const known = now() - this.fetchedAt < cacheFor + staleFor ? findKey(this.keys, algorithm, kid) : null;
      // Nobody waits for a new set who has an old one: the server may take its time, or never answer.
      if (known !== null) return known;
      await refreshed;
    }
    if (now() - this.fetchedAt >= cacheFor + staleFor) return "unavailable";
    const found = findKey(this.keys, algorithm, kid);
    if (found !== null || kid === null) return found;
    // Keys are rotated by publishing the next one before it is used: whoever does not know it has to look again.
    await this.refresh();
    return findKey(this.keys, algorithm, kid);
  }

  /** One fetch at a time, for all who wait, and none during the cool-down: a flood of unknown names costs one. */
  private refresh(): Promise<void> {
    if (this.running !== null) return this.running;
    if (this.options.now() - this.triedAt < this.options.cooldown) return Promise.resolve();
    this.running = this.fetch()
      .catch((error: Error) => this.options.onFailure(error.message))
      .finally(() => {
        this.running = null;
      });
    return this.running;
  }

  private async fetch(): Promise<void> {
    const { url, timeout, now, onChange } = this.options;
    this.triedAt = now();
    const text = await this.options.fetch(url, timeout);
    if (text.length > longestSet) throw new Error(`the key set is longer than ${longestSet} characters`);
    if (text !== this.text) {
      const keys = readKeySet(text);
      if (keys.length === 0) throw new Error("the key set has no key for signatures");
      const isFirst = this.text === null;
      this.keys = keys;
      this.text = text;
      if (!isFirst) onChange();
    }
    this.fetchedAt = now();
  }
}

/** @throws Error that does not hold what was answered */
export async function fetchText(url: string, timeout: number): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(timeout),
  });
  if (!response.ok) throw new Error(`the key set could not be fetched: status ${response.status}`);
  return response.text();
}
