import { randomInt } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Counters } from "./counters/counters.ts";
import { MemoryCounters } from "./counters/memory-counters.ts";
import { SharedCounters } from "./counters/shared-counters.ts";
import { TinyLfu } from "./eviction/tiny-lfu.ts";
import type { KeyValues } from "./kv/key-values.ts";
import { MemoryKeyValues } from "./kv/memory-key-values.ts";
import { SharedKeyValues } from "./kv/shared-key-values.ts";
import { MemoryRooms } from "./memory-rooms.ts";
import { type Eviction, ResponseStore } from "./responses/response-store.ts";

/** What plugins keep between requests: values and counters of a namespace share one room. */
export interface Stores {
  readonly store: KeyValues;
  readonly counters: Counters;
  /** Each thread has its own. */
  readonly responses: ResponseStore;
}

/** Bytes of the responses that a thread keeps, until the config says it. */
const firstResponseBytes = 64 * 1024 * 1024;

/** @param capacity in bytes */
export function responseStore(capacity = firstResponseBytes): ResponseStore {
  return new ResponseStore(evictionFor(capacity));
}

/** @param capacity in bytes */
export function evictionFor(capacity: number): Eviction {
  return new TinyLfu({ capacity, seed: randomInt(2 ** 31) });
}

/**
 * Stores of one thread.
 *
 * @param now in ms, monotonic
 */
export function memoryStores(now: () => number = () => performance.now()): Stores {
  const rooms = new MemoryRooms();
  return {
    store: new MemoryKeyValues(now, rooms),
    counters: new MemoryCounters(now, rooms),
    responses: responseStore(),
  };
}

/**
 * Stores of all threads that have this memory.
 *
 * @param memory of `createStoreMemory`
 */
export function sharedStores(memory: SharedArrayBuffer): Stores {
  return {
    store: new SharedKeyValues(memory),
    counters: new SharedCounters(memory),
    responses: responseStore(),
  };
}
