import { Family } from "../metric-family.ts";

/** What one reactor tells of the responses that it keeps. */
export interface CacheFacts {
  readonly bytes: number;
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly unrecorded: number;
  /** Of the disk; null: there is none. */
  readonly second: SecondCacheFacts | null;
}

export interface SecondCacheFacts extends Omit<CacheFacts, "second" | "unrecorded"> {
  readonly skipped: number;
  readonly errors: number;
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
  return [bytes, entries, lookups, evictions, unrecorded, ...diskFamilies(caches)];
}

/** None where nothing is on disk. */
function diskFamilies(caches: readonly CacheFacts[]): Family[] {
  const disks = caches.flatMap(({ second }) => second ?? []);
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
