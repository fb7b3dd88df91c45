import type { BucketRule, Taken } from "./bucket.ts";

/** Numbers that plugins share between requests. Each call is one step for all threads, and answers at once. */
export interface Counters {
  /** In ms; all threads count alike, and it never goes back. */
  now(): number;
  /** Null when there is none. */
  get(namespace: string, key: string): number | null;
  /** @param ttl in ms; null: until room is needed */
  set(namespace: string, key: string, value: number, ttl: number | null): void;
  /** Whether there was one. */
  delete(namespace: string, key: string): boolean;
  /**
   * Adds to a number, 0 where there is none. The time to live counts from the first.
   *
   * @param most the sum that it may come to; null: any
   * @returns the sum; null when it would have passed `most`, or all numbers: nothing has changed then
   */
  add(namespace: string, key: string, by: number, ttl: number | null, most: number | null): number | null;
  /**
   * Sets a number if it is the one that was expected.
   *
   * @param expected null: there must be none
   * @returns whether it was
   */
  compareAndSet(
    namespace: string,
    key: string,
    expected: number | null,
    next: number,
    ttl: number | null,
  ): boolean;
  /** Takes from a bucket; see bucket.ts. */
  take(namespace: string, key: string, cost: number, rule: BucketRule): Taken;
}
