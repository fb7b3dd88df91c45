/**
 * Where responses are kept behind memory: slower, larger, maybe not empty after a restart, and maybe what other machines
 * have kept. Memory asks it only for what it does not have itself. Whatever goes wrong there is a miss.
 */

import type { Purge } from "./purge-log.ts";
import type { StoredResponse } from "./response-store.ts";
import type { KeptBody, StoredBody } from "./stored-body.ts";

/** A response as a second level gives it back. */
export interface LoadedResponse extends Omit<StoredResponse, "body"> {
  readonly body: KeptBody;
}

export type Words = Omit<StoredResponse, "body" | "staleSince" | "isShared">;

export interface PurgedKeys {
  /** Those that are known here. */
  readonly keys: readonly string[];
  /** Resolves to whether it is for good: false: it will be when those who keep it can be reached again. */
  readonly done: Promise<boolean>;
}

export interface SecondLevel {
  /** Whether others keep responses there as well. */
  readonly isShared: boolean;
  /** Whether it may be worth waiting for `load`. */
  has(key: string): boolean;
  /** Null: it does not have it after all. */
  load(key: string): Promise<LoadedResponse | null>;
  /**
   * Keeps a response in the place of the one of its key. Returns whether it means to.
   *
   * @param asked since when it is under way, ms, as `performance.now()`
   */
  keep(words: Words, body: StoredBody, asked: number): boolean;
  /** Other words about a response, which is not stale any more. Returns whether there was one that it can change. */
  update(words: Words): boolean;
  /** Whether there was one, as far as is known. */
  delete(key: string): boolean;
  deletePrefix(prefix: string): readonly string[];
  /** @param staleSince null: they go; otherwise they are marked with it, unless they are already */
  purge(scope: string, purge: Purge, staleSince: number | null): PurgedKeys;
  report(): SecondLevelReport;
}

/** What a second level tells of itself; plain JSON. */
export type SecondLevelReport = DiskReport | SharedLevelReport;

export interface DiskReport {
  readonly kind: "disk";
  readonly bytes: number;
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** Responses that it did not take: too many were waiting to be written. */
  readonly skipped: number;
  readonly errors: number;
}

export interface SharedLevelReport {
  readonly kind: "redis";
  /** Whether it can be used now. */
  readonly isUp: boolean;
  readonly hits: number;
  readonly misses: number;
  /** Look-ups that were not waited for any longer, and those that were not made, because it was lost. */
  readonly late: number;
  readonly lost: number;
  /** Responses that were not written, and look-ups that were not made: there were too many, or it took none. */
  readonly skipped: number;
  readonly errors: number;
  /** Of look-ups: how many took how long, by the bounds of `sluice_request_duration_seconds`, and ms of all. */
  readonly durations: { readonly buckets: readonly number[]; readonly ms: number };
}
