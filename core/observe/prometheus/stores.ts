import { durationBounds } from "../labels.ts";
import { Family } from "../metric-family.ts";
import type { MetricsSnapshot } from "../metrics.ts";

/** Stores that several machines share. */
export function storeFamilies(snapshots: readonly MetricsSnapshot[]): Family[] {
  const up = new Family("sluice_store_up", "gauge", "Workers that can use a shared store now.");
  const operations = new Family(
    "sluice_store_operations_total",
    "counter",
    "What policies asked of a shared store, by whether it was answered.",
  );
  const duration = new Family(
    "sluice_store_call_duration_seconds",
    "histogram",
    "Time of a call to a shared store; operations of the same moment share one.",
  );
  const bounds = durationBounds.map((ms) => ms / 1000);
  for (const { store, ...totals } of snapshots.flatMap((snapshot) => snapshot.stores)) {
    up.add({ store }, totals.up ? 1 : 0);
    operations.add({ store, result: "ok" }, totals.operations);
    operations.add({ store, result: "lost" }, totals.failed);
    duration.addHistogram({ store }, bounds, totals.buckets, totals.durationMs / 1000);
  }
  return [up, operations, duration];
}
