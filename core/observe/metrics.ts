import { type ErrorCode, errorCodes } from "../errors.ts";
import { CounterTable, overflowName } from "./counter-table.ts";
import {
  durationBounds,
  durationBucket,
  methodIndex,
  methodLabels,
  statusIndex,
  statusLabels,
} from "./labels.ts";
import { MirrorMetrics, type MirrorTotals } from "./mirror-metrics.ts";
import { PluginMetrics, type PluginMetricsSnapshot } from "./plugin-metrics.ts";
import { StoreMetrics, type StoreTotals } from "./store-metrics.ts";

/** What one reactor counted; plain JSON, so it crosses process and thread boundaries as it is. */
export interface MetricsSnapshot {
  readonly requests: readonly RequestCount[];
  readonly routes: readonly RouteTotals[];
  readonly clusters: readonly ClusterTotals[];
  readonly refused: readonly ReasonCount[];
  readonly plugins: readonly PluginMetricsSnapshot[];
  readonly mirrors: readonly MirrorTotals[];
  readonly stores: readonly StoreTotals[];
  readonly totals: Totals;
}

export interface RequestCount {
  readonly route: string;
  readonly method: string;
  readonly status: string;
  readonly count: number;
}

export interface RouteTotals {
  readonly route: string;
  /** Requests per bucket (not cumulative); the last holds what was slower than every bound. */
  readonly buckets: readonly number[];
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Injected, by kind. */
  readonly faults: readonly ReasonCount[];
}

export interface ClusterTotals {
  readonly cluster: string;
  readonly attempts: readonly ReasonCount[];
  /** Open connections, idle ones included. */
  readonly connections: number;
  readonly idle: number;
  readonly pending: number;
  /** Attempts that the retry rule of a route asked for. */
  readonly retries: number;
  readonly hedges: number;
  readonly hedgesWon: number;
  /** Of those that were not made, by what forbade them. */
  readonly retriesRefused: readonly ReasonCount[];
  /** Requests that the cluster's limits kept away, by limit and by the request's priority. */
  readonly refused: readonly RefusalCount[];
}

export interface RefusalCount extends ReasonCount {
  readonly priority: number;
}

/** `reason` is an error code, or `ok`; of retries, the limit that was met; of faults, their kind. */
export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

export interface Totals {
  readonly requestsInFlight: number;
  readonly connections: number;
  readonly connectionsTotal: number;
  readonly tunnels: number;
  readonly reloadsApplied: number;
  readonly reloadsRefused: number;
  readonly reloadsRolledBack: number;
  readonly logLinesDropped: number;
}

const bucketCount = durationBounds.length + 1;

/** What a route may do to a request on purpose. */
const faultKinds = ["delay", "abort"] as const;

/**
 * What every request touches comes first and the matrix of methods and statuses begins with
 * GET: a row is wider than a page of memory, and with a thousand routes each page and each
 * cache line more is felt.
 */
const routeColumn = {
  durationMs: 0,
  bytesIn: 1,
  bytesOut: 2,
  buckets: 3,
  matrix: 3 + bucketCount,
  faults: 3 + bucketCount + methodLabels.length * statusLabels.length,
  width: 3 + bucketCount + faultKinds.length + methodLabels.length * statusLabels.length,
} as const;

/** Limits of a cluster that keep requests away. */
const clusterLimits = ["requests", "concurrency"] as const;
const priorityCount = 4;

/** Column 0 counts attempts that went well, the columns after it one error code each. */
const clusterColumn = {
  attempts: 0,
  connections: errorCodes.length + 1,
  idle: errorCodes.length + 2,
  pending: errorCodes.length + 3,
  retries: errorCodes.length + 4,
  retriesOverBudget: errorCodes.length + 5,
  retriesOverMost: errorCodes.length + 6,
  hedges: errorCodes.length + 7,
  hedgesWon: errorCodes.length + 8,
  /** For each limit a column for each priority. */
  refused: errorCodes.length + 9,
  width: errorCodes.length + 9 + clusterLimits.length * priorityCount,
} as const;

const errorIndexes = new Map<ErrorCode, number>(errorCodes.map((code, index) => [code, index]));

/**
 * The counters of one reactor. Only the reactor's own thread writes, so a count is a plain
 * addition to a typed array: no locks, no allocation, no text. Names become slots at reload.
 *
 * @example
 * const metrics = new Metrics();
 * const slot = metrics.routeSlot("api");
 * metrics.requestStarted();
 * metrics.requestFinished(slot, "GET", 200, 1.7, 0, 512);
 */
export class Metrics {
  /** What plugins count of their own. */
  readonly plugins = new PluginMetrics();
  /** Copies of requests. */
  readonly mirrors = new MirrorMetrics();
  /** Stores that machines share. */
  readonly stores = new StoreMetrics();
  readonly #routes = new CounterTable(routeColumn.width);
  readonly #clusters = new CounterTable(clusterColumn.width);
  readonly #refused = new Float64Array(errorCodes.length);
  #requestsInFlight = 0;
  #connections = 0;
  #connectionsTotal = 0;
  #tunnels = 0;
  #reloadsApplied = 0;
  #reloadsRefused = 0;
  #reloadsRolledBack = 0;
  #logLinesDropped = 0;

  /** Slot of a route name, to be asked for once per reload; names past 2 048 share one slot. */
  routeSlot(name: string): number {
    return this.#routes.slot(name);
  }

  /** Slot of a cluster name, to be asked for once per reload; names past 2 048 share one slot. */
  clusterSlot(name: string): number {
    return this.#clusters.slot(name);
  }

  requestStarted(): void {
    this.#requestsInFlight++;
  }

  /** Ends what `requestStarted` began. Bytes are those of the bodies, as they crossed the wire. */
  requestFinished(
    routeSlot: number,
    method: string,
    status: number,
    durationMs: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    this.#requestsInFlight--;
    const { cells } = this.#routes;
    const row = routeSlot * routeColumn.width;
    cells[row + routeColumn.matrix + methodIndex(method) * statusLabels.length + statusIndex(status)]! += 1;
    cells[row + routeColumn.buckets + durationBucket(durationMs)]! += 1;
    cells[row + routeColumn.durationMs]! += durationMs;
    cells[row + routeColumn.bytesIn]! += bytesIn;
    cells[row + routeColumn.bytesOut]! += bytesOut;
  }

  /** A route delayed a request, or answered it itself, because it was told to. */
  faultInjected(routeSlot: number, kind: (typeof faultKinds)[number]): void {
    this.#routes.add(routeSlot, routeColumn.faults + faultKinds.indexOf(kind), 1);
  }

  /** A message that did not parse or is not allowed, from either side. */
  messageRefused(code: ErrorCode): void {
    this.#refused[errorIndexes.get(code)!]! += 1;
  }

  /** One attempt at an endpoint has ended: with a response (null) or with an error. */
  upstreamAttempt(clusterSlot: number, code: ErrorCode | null): void {
    const column = code === null ? 0 : errorIndexes.get(code)! + 1;
    this.#clusters.add(clusterSlot, clusterColumn.attempts + column, 1);
  }

  /** Connections to endpoints that were opened (+) or closed (-); idle ones count too. */
  upstreamConnections(clusterSlot: number, delta: number): void {
    this.#clusters.add(clusterSlot, clusterColumn.connections, delta);
  }

  upstreamIdle(clusterSlot: number, delta: number): void {
    this.#clusters.add(clusterSlot, clusterColumn.idle, delta);
  }

  /** Requests waiting for a connection. */
  upstreamPending(clusterSlot: number, delta: number): void {
    this.#clusters.add(clusterSlot, clusterColumn.pending, delta);
  }

  /** A request is sent again, to whichever endpoint. */
  upstreamRetry(clusterSlot: number): void {
    this.#clusters.add(clusterSlot, clusterColumn.retries, 1);
  }

  /** A request is not sent again, for the cluster has had as many retries as it may. */
  upstreamRetryOverBudget(clusterSlot: number): void {
    this.#clusters.add(clusterSlot, clusterColumn.retriesOverBudget, 1);
  }

  /** A request is not sent again, for so many are in flight that were. */
  upstreamRetryOverMost(clusterSlot: number): void {
    this.#clusters.add(clusterSlot, clusterColumn.retriesOverMost, 1);
  }

  /** A limit of the cluster keeps a request away. */
  upstreamRefused(clusterSlot: number, limit: (typeof clusterLimits)[number], priority: number): void {
    const column = clusterColumn.refused + clusterLimits.indexOf(limit) * priorityCount + priority;
    this.#clusters.add(clusterSlot, column, 1);
  }

  /** A second attempt is made while the first one is under way; it counts as a retry, too. */
  upstreamHedge(clusterSlot: number): void {
    this.#clusters.add(clusterSlot, clusterColumn.hedges, 1);
  }

  /** Its answer came first. */
  upstreamHedgeWon(clusterSlot: number): void {
    this.#clusters.add(clusterSlot, clusterColumn.hedgesWon, 1);
  }

  connectionOpened(): void {
    this.#connections++;
    this.#connectionsTotal++;
  }

  connectionClosed(): void {
    this.#connections--;
  }

  tunnels(delta: number): void {
    this.#tunnels += delta;
  }

  /** A new config was applied (true) or refused (false). */
  reload(ok: boolean): void {
    if (ok) {
      this.#reloadsApplied++;
    } else {
      this.#reloadsRefused++;
    }
  }

  /** The one before came back, because the new one did worse. */
  rolledBack(): void {
    this.#reloadsRolledBack++;
  }

  /** Log lines thrown away because nobody read the log fast enough. */
  logLinesDropped(count: number): void {
    this.#logLinesDropped += count;
  }

  snapshot(): MetricsSnapshot {
    const routes = [...this.#routes.rows()];
    return {
      requests: routes.flatMap(([route, row]) => requestCounts(route, row)),
      routes: routes.map(([route, row]) => routeTotals(route, row)).filter(wasUsed),
      clusters: [...this.#clusters.rows()].filter(isShown).map(([name, row]) => clusterTotals(name, row)),
      refused: reasonCounts(errorCodes, this.#refused),
      plugins: this.plugins.snapshot(),
      mirrors: this.mirrors.snapshot(),
      stores: this.stores.snapshot(),
      totals: {
        requestsInFlight: this.#requestsInFlight,
        connections: this.#connections,
        connectionsTotal: this.#connectionsTotal,
        tunnels: this.#tunnels,
        reloadsApplied: this.#reloadsApplied,
        reloadsRefused: this.#reloadsRefused,
        reloadsRolledBack: this.#reloadsRolledBack,
        logLinesDropped: this.#logLinesDropped,
      },
    };
  }
}

// A plain loop: a scrape walks 600 cells a route on the thread that serves requests.
function requestCounts(route: string, row: Float64Array): RequestCount[] {
  const counts: RequestCount[] = [];
  for (let cell = 0; cell < routeColumn.faults - routeColumn.matrix; cell++) {
    const count = row[routeColumn.matrix + cell]!;
    if (count > 0) counts.push({ route, ...labelsOfCell(cell), count });
  }
  return counts;
}

function labelsOfCell(cell: number): { readonly method: string; readonly status: string } {
  return {
    method: methodLabels[Math.floor(cell / statusLabels.length)]!,
    status: statusLabels[cell % statusLabels.length]!,
  };
}

function routeTotals(route: string, row: Float64Array): RouteTotals {
  return {
    route,
    buckets: [...row.subarray(routeColumn.buckets, routeColumn.buckets + bucketCount)],
    durationMs: row[routeColumn.durationMs]!,
    bytesIn: row[routeColumn.bytesIn]!,
    bytesOut: row[routeColumn.bytesOut]!,
    faults: reasonCounts(faultKinds, row.subarray(routeColumn.faults)),
  };
}

function wasUsed(totals: RouteTotals): boolean {
  return totals.buckets.some((count) => count > 0);
}

/** Clusters are shown from their first config on; the row that stands for too many, once it is used. */
function isShown([cluster, row]: readonly [name: string, row: Float64Array]): boolean {
  return cluster !== overflowName || row.some((value) => value !== 0);
}

const attemptResults: readonly string[] = ["ok", ...errorCodes];

function clusterTotals(cluster: string, row: Float64Array): ClusterTotals {
  return {
    cluster,
    attempts: reasonCounts(attemptResults, row),
    connections: row[clusterColumn.connections]!,
    idle: row[clusterColumn.idle]!,
    pending: row[clusterColumn.pending]!,
    retries: row[clusterColumn.retries]!,
    hedges: row[clusterColumn.hedges]!,
    hedgesWon: row[clusterColumn.hedgesWon]!,
    retriesRefused: [
      { reason: "budget", count: row[clusterColumn.retriesOverBudget]! },
      ...(row[clusterColumn.retriesOverMost]! > 0
        ? [{ reason: "max_retries", count: row[clusterColumn.retriesOverMost]! }]
        : []),
    ],
    refused: refusalCounts(row),
  };
}

function refusalCounts(row: Float64Array): RefusalCount[] {
  const counts = clusterLimits.flatMap((reason, limit) =>
    Array.from({ length: priorityCount }, (_, priority) => {
      return { reason, priority, count: row[clusterColumn.refused + limit * priorityCount + priority]! };
    }),
  );
  return counts.filter(({ count }) => count > 0);
}

function reasonCounts(reasons: readonly string[], counts: Float64Array): ReasonCount[] {
  return reasons
    .map((reason, index) => ({ reason, count: counts[index]! }))
    .filter((entry) => entry.count > 0);
}
