import { Family } from "./metric-family.ts";

/** What one reactor tells of the responses that it keeps. */
export interface CacheFacts {
  readonly bytes: number;
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
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
  for (const cache of caches) {
    bytes.add({}, cache.bytes);
    entries.add({}, cache.entries);
    lookups.add({ result: "hit" }, cache.hits);
    lookups.add({ result: "miss" }, cache.misses);
    evictions.add({}, cache.evictions);
  }
  return [bytes, entries, lookups, evictions];
}
