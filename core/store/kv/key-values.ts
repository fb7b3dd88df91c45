/** Values that plugins share between requests. */
export interface KeyValues {
  /** Null when there is none. */
  get(namespace: string, key: string): Answer<string | null>;
  /** @param ttl in ms; null: until room is needed */
  set(namespace: string, key: string, value: string, ttl: number | null): Answer<void>;
  /** Whether there was one. */
  delete(namespace: string, key: string): Answer<boolean>;
  /**
   * Adds to a number, 0 where there is none, and returns the sum. The time to live counts from the first.
   *
   * @throws TypeError when the value is no number
   */
  increment(namespace: string, key: string, by: number, ttl: number | null): Answer<number>;
}

/** At once where memory has the answer. */
export type Answer<Value> = Value | Promise<Value>;
