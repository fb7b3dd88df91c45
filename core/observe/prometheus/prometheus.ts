import { durationBounds } from "../labels.ts";
import { Family } from "../metric-family.ts";
import type { MetricsSnapshot } from "../metrics.ts";
import { type CacheFacts, cacheFamilies } from "./caches.ts";
import { type EndpointFacts, endpointFamilies } from "./endpoints.ts";
import { type LimitFacts, limitFamilies } from "./limits.ts";
import { mirrorFamilies } from "./mirrors.ts";
import { pluginMetricFamilies } from "./plugins.ts";
import { storeFamilies } from "./stores.ts";

/** What only the control process knows. */
export interface ProcessFacts {
  readonly version: string;
  /** For example `node 26.10.0`. */
  readonly runtime: string;
  /** How often the data process had to be started again. */
  readonly dataRestarts: number;
  readonly control: ProcessUsage;
  /** Null while there is no data process that answers. */
  readonly data: ProcessUsage | null;
  /** Of all reactors together; none where there are no plugins. */
  readonly plugins?: readonly PluginFacts[];
  /** Absent while there is no data process that answers. */
  readonly endpoints?: readonly EndpointFacts[];
  /** Of clusters with limits; absent while there is no data process that answers. */
  readonly limits?: readonly LimitFacts[];
  /** One for each reactor; absent while there is no data process that answers. */
  readonly caches?: readonly CacheFacts[];
}

export interface PluginFacts {
  readonly name: string;
  readonly state: "ready" | "quarantined" | "unknown";
  /** Null: nobody tells. */
  readonly memoryBytes: number | null;
  /** Faults by cause. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** The media type of what `renderPrometheus` returns. */
export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The exposition of all reactors together, in the Prometheus text format 0.0.4.
 *
 * @param snapshots one per reactor, and the control process's own
 */
export function renderPrometheus(snapshots: readonly MetricsSnapshot[], facts: ProcessFacts): string {
  const families = [
    ...requestFamilies(snapshots),
    ...upstreamFamilies(snapshots),
    ...(facts.endpoints === undefined ? [] : endpointFamilies(facts.endpoints)),
    ...mirrorFamilies(snapshots),
    ...storeFamilies(snapshots),
    ...(facts.limits === undefined ? [] : limitFamilies(facts.limits)),
    ...(facts.caches === undefined ? [] : cacheFamilies(facts.caches)),
    ...totalFamilies(snapshots),
    ...processFamilies(facts),
    ...(facts.plugins === undefined ? [] : pluginFamilies(facts.plugins)),
    ...pluginMetricFamilies(snapshots),
  ];
  return families.map((family) => family.render()).join("");
}

const secondBounds = durationBounds.map((ms) => ms / 1000);

function requestFamilies(snapshots: readonly MetricsSnapshot[]): Family[] {
  const requests = new Family("sluice_requests_total", "counter", "Requests answered or given up.");
  const duration = new Family(
    "sluice_request_duration_seconds",
    "histogram",
    "Time from the request head to the last byte of the response.",
  );
  const bytesIn = new Family(
    "sluice_request_bytes_total",
    "counter",
    "Bytes of request bodies on the wire, chunk framing included.",
  );
  const bytesOut = new Family(
    "sluice_response_bytes_total",
    "counter",
    "Bytes of response bodies on the wire, chunk framing included.",
  );
  const refused = new Family(
    "sluice_refused_messages_total",
    "counter",
    "Messages that did not parse or are not allowed.",
  );
  const faults = new Family(
    "sluice_faults_injected_total",
    "counter",
    "Requests that a route delayed or answered itself because it was told to.",
  );
  for (const snapshot of snapshots) {
    for (const { route, method, status, count } of snapshot.requests) {
      requests.add({ route, method, status }, count);
    }
    for (const { route, buckets, durationMs, ...bytes } of snapshot.routes) {
      duration.addHistogram({ route }, secondBounds, buckets, durationMs / 1000);
      bytesIn.add({ route }, bytes.bytesIn);
      bytesOut.add({ route }, bytes.bytesOut);
      for (const { reason, count } of bytes.faults) faults.add({ route, kind: reason }, count);
    }
    for (const { reason, count } of snapshot.refused) {
      refused.add({ reason }, count);
    }
  }
  return [requests, duration, bytesIn, bytesOut, refused, faults];
}

function upstreamFamilies(snapshots: readonly MetricsSnapshot[]): Family[] {
  const attempts = new Family(
    "sluice_upstream_attempts_total",
    "counter",
    "Attempts at an endpoint, by how they ended.",
  );
  const connections = new Family(
    "sluice_upstream_connections",
    "gauge",
    "Open connections to the endpoints of a cluster.",
  );
  const pending = new Family("sluice_upstream_pending", "gauge", "Requests waiting for a connection.");
  const retries = new Family(
    "sluice_upstream_retries_total",
    "counter",
    "Further attempts that the retry rule of a route asked for.",
  );
  const turnedAway = new Family(
    "sluice_upstream_requests_refused_total",
    "counter",
    "Requests that were kept away from a cluster, by the limit that was met and the request's priority.",
  );
  const refused = new Family(
    "sluice_upstream_retries_refused_total",
    "counter",
    "Further attempts that were not made, by the limit that was met.",
  );
  const hedges = new Family(
    "sluice_upstream_hedges_total",
    "counter",
    "Attempts made while the first one was under way, by whether they answered first.",
  );
  for (const { cluster, ...totals } of snapshots.flatMap((snapshot) => snapshot.clusters)) {
    for (const { reason, count } of totals.attempts) {
      attempts.add({ cluster, result: reason }, count);
    }
    connections.add({ cluster, state: "active" }, totals.connections - totals.idle);
    connections.add({ cluster, state: "idle" }, totals.idle);
    pending.add({ cluster }, totals.pending);
    retries.add({ cluster }, totals.retries);
    hedges.add({ cluster, result: "won" }, totals.hedgesWon);
    hedges.add({ cluster, result: "lost" }, totals.hedges - totals.hedgesWon);
    for (const { reason, count } of totals.retriesRefused) refused.add({ cluster, reason }, count);
    for (const { reason, priority, count } of totals.refused) {
      turnedAway.add({ cluster, reason, priority: String(priority) }, count);
    }
  }
  return [attempts, connections, pending, retries, refused, hedges, turnedAway];
}

function totalFamilies(snapshots: readonly MetricsSnapshot[]): Family[] {
  const inFlight = new Family("sluice_requests_in_flight", "gauge", "Requests being handled now.");
  const connections = new Family("sluice_connections", "gauge", "Client connections open now.");
  const accepted = new Family("sluice_connections_total", "counter", "Client connections accepted.");
  const tunnels = new Family("sluice_tunnels", "gauge", "Upgraded connections open now.");
  const reloads = new Family(
    "sluice_reloads_total",
    "counter",
    "Reloads of the config or of plugins, by result.",
  );
  const dropped = new Family(
    "sluice_log_lines_dropped_total",
    "counter",
    "Log lines dropped because the log was not read fast enough.",
  );
  for (const { totals } of snapshots) {
    inFlight.add({}, totals.requestsInFlight);
    connections.add({}, totals.connections);
    accepted.add({}, totals.connectionsTotal);
    tunnels.add({}, totals.tunnels);
    reloads.add({ result: "applied" }, totals.reloadsApplied);
    reloads.add({ result: "refused" }, totals.reloadsRefused);
    reloads.add({ result: "rolled_back" }, totals.reloadsRolledBack);
    dropped.add({}, totals.logLinesDropped);
  }
  return [inFlight, connections, accepted, tunnels, reloads, dropped];
}

function processFamilies(facts: ProcessFacts): Family[] {
  const build = new Family("sluice_build_info", "gauge", "Always 1; the labels say what runs.");
  build.add({ version: facts.version, runtime: facts.runtime }, 1);
  const up = new Family("sluice_data_up", "gauge", "1 while the data process answers.");
  up.add({}, facts.data === null ? 0 : 1);
  const restarts = new Family("sluice_data_restarts_total", "counter", "Restarts of the data process.");
  restarts.add({}, facts.dataRestarts);
  const cpu = new Family("sluice_process_cpu_seconds_total", "counter", "User and system CPU time.");
  const memory = new Family("sluice_process_resident_memory_bytes", "gauge", "Resident memory.");
  for (const [process, usage] of [["control", facts.control] as const, ["data", facts.data] as const]) {
    if (usage !== null) {
      cpu.add({ process }, usage.cpuSeconds);
      memory.add({ process }, usage.residentBytes);
    }
  }
  return [build, up, restarts, cpu, memory];
}

function pluginFamilies(plugins: readonly PluginFacts[]): Family[] {
  const faults = new Family("sluice_plugin_faults_total", "counter", "Faults of plugins, by cause.");
  const memory = new Family(
    "sluice_plugin_memory_bytes",
    "gauge",
    "Memory that the guests of a plugin hold.",
  );
  const states = new Family("sluice_plugins", "gauge", "Plugins, by state.");
  states.add({ state: "ready" }, 0);
  states.add({ state: "quarantined" }, 0);
  states.add({ state: "unknown" }, 0);
  for (const { name, state, memoryBytes, faults: causes } of plugins) {
    for (const [cause, count] of Object.entries(causes)) faults.add({ plugin: name, cause }, count);
    if (memoryBytes !== null) memory.add({ plugin: name }, memoryBytes);
    states.add({ state }, 1);
  }
  return [faults, memory, states];
}
