/** Tokens that were verified. */

interface Entry<Value> {
  readonly value: Value;
  /** In ms since 1970. */
  readonly expires: number;
}

/**
 * Remembers what was found out about a token, until it ends. A hit is one look-up: there are two halves, and when the
 * newer one is full, it becomes the older one, which is forgotten.
 *
 * @example
 * const cache = new TokenCache<string>(1000);
 * cache.set("eyJ...", "alice", Date.now() + 60_000);
 * cache.get("eyJ...", Date.now()); // "alice"
 */
export class TokenCache<Value> {
  private newer = new Map<string, Entry<Value>>();
  private older = new Map<string, Entry<Value>>();
  private readonly half: number;

  /** @param most entries; 0: nothing is remembered */
  constructor(most: number) {
    this.half = Math.ceil(most / 2);
  }

  get size(): number {
    return this.newer.size + this.older.size;
  }

  get(token: string, now: number): Value | null {
    const entry = this.newer.get(token);
    if (entry !== undefined) return entry.expires > now ? entry.value : null;
    const old = this.older.get(token);
    if (old === undefined || old.expires <= now) return null;
    this.older.delete(token);
    this.put(token, old);
    return old.value;
  }

  set(token: string, value: Value, expires: number): void {
    if (this.half > 0) this.put(token, { value, expires });
  }

  delete(token: string): void {
    this.newer.delete(token);
    this.older.delete(token);
  }

  clear(): void {
    this.newer.clear();
    this.older.clear();
  }

  private put(token: string, entry: Entry<Value>): void {
    if (this.newer.size >= this.half) {
      this.older = this.newer;
      this.newer = new Map();
    }
    this.newer.set(token, entry);
  }
}
