/**
 * Where responses are kept behind memory: slower, larger, and maybe not empty after a restart. Memory asks it only for
 * what it does not have itself. Whatever goes wrong there is a miss.
 */

import type { Purge } from "./purge-log.ts";
import type { StoredResponse } from "./response-store.ts";
import type { KeptBody, StoredBody } from "./stored-body.ts";

/** A response as a second level gives it back. */
export interface LoadedResponse extends Omit<StoredResponse, "body"> {
  readonly body: KeptBody;
}

export type Words = Omit<StoredResponse, "body" | "staleSince">;

export interface PurgedKeys {
  readonly keys: readonly string[];
  /** Settled when it is for good. */
  readonly done: Promise<void>;
}

export interface SecondLevel {
  /** Whether it may be worth waiting for `load`. */
  has(key: string): boolean;
  /** Null: it does not have it after all. */
  load(key: string): Promise<LoadedResponse | null>;
  /** Keeps a response in the place of the one of its key. Returns whether it means to. */
  keep(words: Words, body: StoredBody): boolean;
  /** Other words about a response, which is not stale any more. Returns whether there was one. */
  update(words: Words): boolean;
  /** Whether there was one. */
  delete(key: string): boolean;
  deletePrefix(prefix: string): readonly string[];
  /** @param staleSince null: they go; otherwise they are marked with it, unless they are already */
  purge(scope: string, purge: Purge, staleSince: number | null): PurgedKeys;
  report(): SecondLevelReport;
}

/** What a second level tells of itself; plain JSON. */
export interface SecondLevelReport {
  readonly bytes: number;
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** Responses that it did not take: too many were waiting to be written. */
  readonly skipped: number;
  readonly errors: number;
}
