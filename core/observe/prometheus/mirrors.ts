import { Family } from "../metric-family.ts";
import type { MetricsSnapshot } from "../metrics.ts";

/** What became of the copies of requests. */
export function mirrorFamilies(snapshots: readonly MetricsSnapshot[]): Family[] {
  const sent = new Family("sluice_mirror_requests_total", "counter", "Copies of requests that were sent.");
  const dropped = new Family(
    "sluice_mirror_dropped_total",
    "counter",
    "Requests that were not copied, by the limit that was met.",
  );
  const failed = new Family(
    "sluice_mirror_failures_total",
    "counter",
    "Copies that were not answered, by error code.",
  );
  for (const { route, cluster, ...totals } of snapshots.flatMap((snapshot) => snapshot.mirrors)) {
    sent.add({ route, cluster }, totals.sent);
    for (const { reason, count } of totals.dropped) dropped.add({ route, cluster, reason }, count);
    for (const { reason, count } of totals.failed) failed.add({ route, cluster, reason }, count);
  }
  return [sent, dropped, failed];
}
