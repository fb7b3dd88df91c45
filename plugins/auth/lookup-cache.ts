/** What another server said of a credential: kept for a while, asked for once, and kept longer while that server is gone. */
import { TokenCache } from "./token-cache.ts";

/** An answer, and how long it holds, in ms since 1970. */
export interface Found<Value> {
  readonly value: Value;
  readonly freshUntil: number;
  /** Until then it is better than no answer. */
  readonly staleUntil: number;
}

export interface LookupOptions<Value> {
  /** Answers that are kept. */
  readonly most: number;
  /** For how long a server that just failed is not asked again for what is known of old, in ms. */
  readonly pause: number;
  readonly isGood: (value: Value) => boolean;
  readonly now: () => number;
}

/**
 * Looks answers up by keys. Those who ask for the same key at the same time wait for one answer; those for a key that
 * cannot be asked for get the old answer within its time.
 *
 * Answers that say no are kept apart: whoever makes up credentials cannot push those out that are good.
 *
 * @example
 * const cache = new LookupCache<string>({ most: 1000, pause: 1000, isGood: (name) => name !== "", now: Date.now });
 * cache.known("key") ?? (await cache.ask("key", ask));
 */
export class LookupCache<Value> {
  private readonly options: LookupOptions<Value>;
  private readonly good: TokenCache<Found<Value>>;
  private readonly bad: TokenCache<Found<Value>>;
  private readonly running = new Map<string, Promise<Value>>();
  private failedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LookupOptions<Value>) {
    this.options = options;
    this.good = new TokenCache(options.most);
    this.bad = new TokenCache(options.most);
  }

  /** What is known and fresh; null: it has to be asked for. */
  known(key: string): Value | null {
    const now = this.options.now();
    const found = this.good.get(key, now) ?? this.bad.get(key, now);
    return found !== null && found.freshUntil > now ? found.value : null;
  }

  /**
   * Asks, unless somebody does already.
   *
   * @param ask may throw: the server cannot be asked
   * @throws what `ask` does, when there is no old answer
   */
  ask(key: string, ask: () => Promise<Found<Value>>): Promise<Value> {
    const { now, pause } = this.options;
    const old = this.good.get(key, now());
    if (old !== null && old.staleUntil > now() && now() - this.failedAt < pause) {
      return Promise.resolve(old.value);
    }
    let answer = this.running.get(key);
    if (answer === undefined) {
      answer = this.lookUp(key, ask).finally(() => this.running.delete(key));
      this.running.set(key, answer);
    }
    return answer;
  }

  private async lookUp(key: string, ask: () => Promise<Found<Value>>): Promise<Value> {
    const { now, isGood } = this.options;
    try {
      const found = await ask();
      if (isGood(found.value)) this.good.set(key, found, found.staleUntil);
      else {
        // A token that was revoked is not good a moment longer, whatever becomes of the server.
        this.good.delete(key);
        this.bad.set(key, found, found.freshUntil);
      }
      return found.value;
    } catch (error) {
      this.failedAt = now();
      const old = this.good.get(key, now());
      if (old !== null && old.staleUntil > now()) return old.value;
      throw error;
    }
  }
}
