import { type ErrorCode, errorCodes } from "../errors.ts";
import { CounterTable } from "./counter-table.ts";
import { errorIndex } from "./labels.ts";
import { type ReasonCount, reasonCounts } from "./reason-counts.ts";

/** What one reactor counted of one cluster; plain JSON. */
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

/** Limits of a cluster that keep requests away. */
const limits = ["requests", "concurrency"] as const;
const priorityCount = 4;

/** Column 0 counts attempts that went well, the columns after it one error code each. */
const column = {
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
  width: errorCodes.length + 9 + limits.length * priorityCount,
} as const;

const attemptResults: readonly string[] = ["ok", ...errorCodes];

/**
 * The counters of clusters, of one reactor.
 *
 * @example
 * const clusters = new ClusterMetrics();
 * clusters.attempt(clusters.slot("app"), "connect_refused");
 */
export class ClusterMetrics {
  readonly #table = new CounterTable(column.width);

  /** To be asked for once per reload; names past 2 048 share one slot. */
  slot(name: string): number {
    return this.#table.slot(name);
  }

  /** One attempt at an endpoint has ended: with a response (null) or with an error. */
  attempt(slot: number, code: ErrorCode | null): void {
    this.#table.add(slot, column.attempts + (code === null ? 0 : errorIndex(code) + 1), 1);
  }

  /** Connections to endpoints that were opened (+) or closed (-); idle ones count too. */
  connections(slot: number, delta: number): void {
    this.#table.add(slot, column.connections, delta);
  }

  idle(slot: number, delta: number): void {
    this.#table.add(slot, column.idle, delta);
  }

  /** Requests waiting for a connection. */
  pending(slot: number, delta: number): void {
    this.#table.add(slot, column.pending, delta);
  }

  /** A request is sent again, to whichever endpoint. */
  retry(slot: number): void {
    this.#table.add(slot, column.retries, 1);
  }

  /** A request is not sent again, for the cluster has had as many retries as it may. */
  retryOverBudget(slot: number): void {
    this.#table.add(slot, column.retriesOverBudget, 1);
  }

  /** A request is not sent again, for so many are in flight that were. */
  retryOverMost(slot: number): void {
    this.#table.add(slot, column.retriesOverMost, 1);
  }

  /** A limit of the cluster keeps a request away. */
  refused(slot: number, limit: (typeof limits)[number], priority: number): void {
    this.#table.add(slot, column.refused + limits.indexOf(limit) * priorityCount + priority, 1);
  }

  /** A second attempt is made while the first one is under way; it counts as a retry, too. */
  hedge(slot: number): void {
    this.#table.add(slot, column.hedges, 1);
  }

  /** Its answer came first. */
  hedgeWon(slot: number): void {
    this.#table.add(slot, column.hedgesWon, 1);
  }

  /** Of all clusters, from their first config on. */
  totals(): ClusterTotals[] {
    return [...this.#table.shownRows()].map(([name, row]) => clusterTotals(name, row));
  }
}

function clusterTotals(cluster: string, row: Float64Array): ClusterTotals {
  return {
    cluster,
    attempts: reasonCounts(attemptResults, row),
    connections: row[column.connections]!,
    idle: row[column.idle]!,
    pending: row[column.pending]!,
    retries: row[column.retries]!,
    hedges: row[column.hedges]!,
    hedgesWon: row[column.hedgesWon]!,
    retriesRefused: [
      { reason: "budget", count: row[column.retriesOverBudget]! },
      ...(row[column.retriesOverMost]! > 0
        ? [{ reason: "max_retries", count: row[column.retriesOverMost]! }]
        : []),
    ],
    refused: refusalCounts(row),
  };
}

function refusalCounts(row: Float64Array): RefusalCount[] {
  const counts = limits.flatMap((reason, limit) =>
    Array.from({ length: priorityCount }, (_, priority) => {
      return { reason, priority, count: row[column.refused + limit * priorityCount + priority]! };
    }),
  );
  return counts.filter(({ count }) => count > 0);
}
