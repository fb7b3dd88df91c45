import { CounterTable } from "./counter-table.ts";
import {
  durationBounds,
  durationBucket,
  methodIndex,
  methodLabels,
  statusIndex,
  statusLabels,
} from "./labels.ts";
import { type ReasonCount, reasonCounts } from "./reason-counts.ts";

/** Finished requests of one route, by method and status. */
export interface RequestCount {
  readonly route: string;
  readonly method: string;
  readonly status: string;
  readonly count: number;
}

/** What one reactor counted of one route; plain JSON. */
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

/** What a route may do to a request on purpose. */
const faultKinds = ["delay", "abort"] as const;

const bucketCount = durationBounds.length + 1;

/**
 * What every request touches comes first and the matrix of methods and statuses begins with
 * GET: a row is wider than a page of memory, and with a thousand routes each page and each
 * cache line more is felt.
 */
const column = {
  durationMs: 0,
  bytesIn: 1,
  bytesOut: 2,
  buckets: 3,
  matrix: 3 + bucketCount,
  faults: 3 + bucketCount + methodLabels.length * statusLabels.length,
  width: 3 + bucketCount + faultKinds.length + methodLabels.length * statusLabels.length,
} as const;

/**
 * The counters of routes, of one reactor.
 *
 * @example
 * const routes = new RouteMetrics();
 * routes.finished(routes.slot("api"), "GET", 200, 1.7, 0, 512);
 */
export class RouteMetrics {
  readonly #table = new CounterTable(column.width);

  /** To be asked for once per reload; names past 2 048 share one slot. */
  slot(name: string): number {
    return this.#table.slot(name);
  }

  /** Bytes are those of the bodies, as they crossed the wire. */
  finished(
    slot: number,
    method: string,
    status: number,
    durationMs: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    const { cells } = this.#table;
    const row = slot * column.width;
    cells[row + column.matrix + methodIndex(method) * statusLabels.length + statusIndex(status)]! += 1;
    cells[row + column.buckets + durationBucket(durationMs)]! += 1;
    cells[row + column.durationMs]! += durationMs;
    cells[row + column.bytesIn]! += bytesIn;
    cells[row + column.bytesOut]! += bytesOut;
  }

  /** The route delayed a request, or answered it itself, because it was told to. */
  faultInjected(slot: number, kind: (typeof faultKinds)[number]): void {
    this.#table.add(slot, column.faults + faultKinds.indexOf(kind), 1);
  }

  requestCounts(): RequestCount[] {
    return [...this.#table.rows()].flatMap(([route, row]) => requestCounts(route, row));
  }

  /** Of those that have had requests. */
  totals(): RouteTotals[] {
    return [...this.#table.rows()].map(([route, row]) => routeTotals(route, row)).filter(wasUsed);
  }
}

// A plain loop: a scrape walks 600 cells a route on the thread that serves requests.
function requestCounts(route: string, row: Float64Array): RequestCount[] {
  const counts: RequestCount[] = [];
  for (let cell = 0; cell < column.faults - column.matrix; cell++) {
    const count = row[column.matrix + cell]!;
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
    buckets: [...row.subarray(column.buckets, column.buckets + bucketCount)],
    durationMs: row[column.durationMs]!,
    bytesIn: row[column.bytesIn]!,
    bytesOut: row[column.bytesOut]!,
    faults: reasonCounts(faultKinds, row.subarray(column.faults)),
  };
}

function wasUsed(totals: RouteTotals): boolean {
  return totals.buckets.some((count) => count > 0);
}
