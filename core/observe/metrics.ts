import { type ErrorCode, errorCodes } from "../errors.ts";
import { ClusterMetrics, type ClusterTotals } from "./cluster-metrics.ts";
import { errorIndex } from "./labels.ts";
import { MirrorMetrics, type MirrorTotals } from "./mirror-metrics.ts";
import { PluginMetrics, type PluginMetricsSnapshot } from "./plugin-metrics.ts";
import { type ReasonCount, reasonCounts } from "./reason-counts.ts";
import { type RequestCount, RouteMetrics, type RouteTotals } from "./route-metrics.ts";
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

/**
 * The counters of one reactor. Only the reactor's own thread writes, so a count is a plain
 * addition to a typed array: no locks, no allocation, no text. Names become slots at reload.
 *
 * @example
 * const metrics = new Metrics();
 * const slot = metrics.routes.slot("api");
 * metrics.requestStarted();
 * metrics.requestFinished(slot, "GET", 200, 1.7, 0, 512);
 */
export class Metrics {
  readonly routes = new RouteMetrics();
  readonly clusters = new ClusterMetrics();
  /** What plugins count of their own. */
  readonly plugins = new PluginMetrics();
  /** Copies of requests. */
  readonly mirrors = new MirrorMetrics();
  /** Stores that machines share. */
  readonly stores = new StoreMetrics();
  readonly #refused = new Float64Array(errorCodes.length);
  #requestsInFlight = 0;
  #connections = 0;
  #connectionsTotal = 0;
  #tunnels = 0;
  #reloadsApplied = 0;
  #reloadsRefused = 0;
  #reloadsRolledBack = 0;
  #logLinesDropped = 0;

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
    this.routes.finished(routeSlot, method, status, durationMs, bytesIn, bytesOut);
  }

  /** A message that did not parse or is not allowed, from either side. */
  messageRefused(code: ErrorCode): void {
    this.#refused[errorIndex(code)]! += 1;
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
    return {
      requests: this.routes.requestCounts(),
      routes: this.routes.totals(),
      clusters: this.clusters.totals(),
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
