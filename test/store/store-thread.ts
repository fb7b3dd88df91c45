/** A thread that works on a shared store. */
import { parentPort, workerData } from "node:worker_threads";
import { SharedCounters } from "../../core/store/counters/shared-counters.ts";
import { SharedKeyValues } from "../../core/store/kv/shared-key-values.ts";
import { sharedClock } from "../../core/store/shared/clock.ts";
import { lock, unlock } from "../../core/store/shared/lock.ts";
import { StoreMemory } from "../../core/store/shared/store-memory.ts";
import { SharedTable } from "../../core/store/shared/table.ts";
import { Random } from "../support/random.ts";
import { fault, valueFor } from "./claims.ts";

export type Job =
  | "add"
  | "limited"
  | "swap"
  | "take"
  | "count"
  | "mix"
  | "hold"
  | "hold for a while"
  | "forever"
  | "write"
  | "clock";

export interface StoreThreadData {
  readonly memory: SharedArrayBuffer;
  readonly job: Job;
  readonly thread: number;
}

const { memory, job, thread } = workerData as StoreThreadData;
const store = new SharedKeyValues(memory);
const counters = new SharedCounters(memory);

const jobs: Record<Job, () => unknown> = {
  /** Counts in one key that all threads share, and in one of each four. */
  count() {
    for (let turn = 0; turn < 50_000; turn++) {
      store.increment("plugin", turn % 2 === 0 ? "hot" : `warm ${turn % 4}`, 1, null);
    }
  },
  add() {
    for (let turn = 0; turn < 50_000; turn++) {
      counters.add("plugin", turn % 2 === 0 ? "hot" : `warm ${turn % 4}`, 1, null, null);
    }
  },
  /** Returns how many of its additions were within the limit. */
  limited: () => successes(2000, () => counters.add("plugin", "limited", 1, null, 1000) !== null),
  /** Returns how often this thread was the one that changed the number. */
  swap: () => successes(20_000, swapOnce),
  /** Returns how often there was enough in a bucket that fills by one in an hour. */
  take: () =>
    successes(
      2000,
      () => counters.take("plugin", "bucket", 1, { rate: 1 / 3_600_000, burst: 1000 }).wait === 0,
    ),
  mix: () => mix(40_000),
  forever() {
    parentPort!.postMessage("begun");
    mix(Number.POSITIVE_INFINITY);
  },
  /** Takes every lock and keeps it. */
  hold() {
    lockAll();
    parentPort!.postMessage("begun");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  /** Returns when it gave them back, as the counters tell the time. */
  "hold for a while"() {
    const release = lockAll();
    parentPort!.postMessage("begun");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    const time = counters.now();
    release();
    return time;
  },
  write() {
    parentPort!.postMessage("begun");
    store.set("plugin", "theirs", "value", null);
  },
  clock: sharedClock,
};

function lockAll(): () => void {
  const view = new StoreMemory(memory);
  const places: number[] = [];
  for (let shard = 0; shard < view.shards; shard++) {
    const { lockAt } = new SharedTable(view, view.regionOf(shard));
    lock(view.words, lockAt, 1000);
    places.push(lockAt);
  }
  return () => {
    for (const at of places) unlock(view.words, at);
  };
}

function successes(turns: number, step: () => boolean): number {
  let count = 0;
  for (let turn = 0; turn < turns; turn++) if (step()) count++;
  return count;
}

function swapOnce(): boolean {
  const found = counters.get("plugin", "swapped");
  return counters.compareAndSet("plugin", "swapped", found, (found ?? 0) + 1, null);
}

/** Reads, writes and deletes at random; returns the first value that nobody can have written. */
function mix(turns: number): string | null {
  const random = new Random(thread + 1);
  for (let turn = 0; turn < turns; turn++) {
    const key = `key ${random.int(0, 49)}`;
    const choice = random.next();
    if (choice < 0.5) {
      const found = fault(key, store.get("plugin", key));
      if (found !== null) return found;
    } else if (choice < 0.9) {
      const ttl = choice < 0.6 ? 1 : null;
      store.set("plugin", key, valueFor(key, random.int(0, 1200)), ttl);
    } else {
      store.delete("plugin", key);
    }
  }
  return null;
}

parentPort!.postMessage(jobs[job]());
