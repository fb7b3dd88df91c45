import { durationBounds } from "../labels.ts";
import { Family } from "../metric-family.ts";

/** What one reactor tells of the responses that it keeps. */
export interface CacheFacts {
  readonly bytes: number;
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly unrecorded: number;
  /** What is behind memory; null: nothing is. */
  readonly second: DiskFacts | SharedCacheFacts | null;
}

export interface DiskFacts extends Omit<CacheFacts, "second" | "unrecorded"> {
  readonly kind: "disk";
  readonly skipped: number;
  readonly errors: number;
}

/** What one reactor tells of those that it shares with other machines. */
export interface SharedCacheFacts {
  readonly kind: "redis";
  readonly isUp: boolean;
  readonly hits: number;
  readonly misses: number;
  readonly late: number;
  readonly lost: number;
  readonly skipped: number;
  readonly errors: number;
  readonly durations: { readonly buckets: readonly number[]; readonly ms: number };
}

/** Of all reactors together. */
export function cacheFamilies(caches: readonly CacheFacts[]): Family[] {
  const bytes = new Family("sluice_cache_bytes", "gauge", "Memory of the responses that policies keep.");
  const entries = new Family(
    "sluice_cache_entries",
    "gauge",
    "Responses that policies keep, and their lists.",
  );
  const lookups = new Family("sluice_cache_lookups_total", "counter", "Lookups among them, by result.");
  const evictions = new Family("sluice_cache_evictions_total", "counter", "Those that had to go for others.");
  const unrecorded = new Family(
    "sluice_cache_unrecorded_total",
    "counter",
    "Bodies that were not recorded: too many bytes of others were on their way.",
  );
  for (const cache of caches) {
    bytes.add({}, cache.bytes);
    entries.add({}, cache.entries);
    lookups.add({ result: "hit" }, cache.hits);
    lookups.add({ result: "miss" }, cache.misses);
    evictions.add({}, cache.evictions);
    unrecorded.add({}, cache.unrecorded);
  }
  const behind = caches.flatMap(({ second }) => second ?? []);
  return [
    ...[bytes, entries, lookups, evictions, unrecorded],
    ...diskFamilies(behind.filter((one) => one.kind === "disk")),
    ...sharedFamilies(behind.filter((one) => one.kind === "redis")),
  ];
}

/** None where nothing is on disk. */
function diskFamilies(disks: readonly DiskFacts[]): Family[] {
  if (disks.length === 0) return [];
  const bytes = new Family("sluice_cache_disk_bytes", "gauge", "Disk that stored responses take.");
  const entries = new Family("sluice_cache_disk_entries", "gauge", "Responses on disk, and their lists.");
  const lookups = new Family(
    "sluice_cache_disk_lookups_total",
    "counter",
    "Files that were asked for, by result.",
  );
  const evictions = new Family(
    "sluice_cache_disk_evictions_total",
    "counter",
    "Files that had to go for others.",
  );
  const skipped = new Family(
    "sluice_cache_disk_skipped_total",
    "counter",
    "Responses that were not written: the disk was too slow, or had just failed.",
  );
  const errors = new Family(
    "sluice_cache_disk_errors_total",
    "counter",
    "Files that failed, or were damaged.",
  );
  for (const disk of disks) {
    bytes.add({}, disk.bytes);
    entries.add({}, disk.entries);
    lookups.add({ result: "hit" }, disk.hits);
    lookups.add({ result: "miss" }, disk.misses);
    evictions.add({}, disk.evictions);
    skipped.add({}, disk.skipped);
    errors.add({}, disk.errors);
  }
  return [bytes, entries, lookups, evictions, skipped, errors];
}

/** None where nothing is shared. */
function sharedFamilies(caches: readonly SharedCacheFacts[]): Family[] {
  if (caches.length === 0) return [];
  const up = new Family("sluice_cache_redis_up", "gauge", "Workers that can use the store of the cache now.");
  const lookups = new Family(
    "sluice_cache_redis_lookups_total",
    "counter",
    "Look-ups in the store of the cache, by result; late: not waited for any longer; lost: not made, without the store.",
  );
  const skipped = new Family(
    "sluice_cache_redis_skipped_total",
    "counter",
    "Responses that were not written there (too long, too many, or it took none), and look-ups beyond what may wait.",
  );
  const errors = new Family(
    "sluice_cache_redis_errors_total",
    "counter",
    "Calls that failed, and what was found there and is no response.",
  );
  const duration = new Family(
    "sluice_cache_redis_lookup_duration_seconds",
    "histogram",
    "Time of a look-up in the store of the cache.",
  );
  const bounds = durationBounds.map((ms) => ms / 1000);
  for (const cache of caches) {
    up.add({}, cache.isUp ? 1 : 0);
    lookups.add({ result: "hit" }, cache.hits);
    lookups.add({ result: "miss" }, cache.misses);
    lookups.add({ result: "late" }, cache.late);
    lookups.add({ result: "lost" }, cache.lost);
    skipped.add({}, cache.skipped);
    errors.add({}, cache.errors);
    duration.addHistogram({}, bounds, cache.durations.buckets, cache.durations.ms / 1000);
  }
  return [up, lookups, skipped, errors, duration];
}
