import { CounterTable } from "./counter-table.ts";
import { durationBounds, durationBucket } from "./labels.ts";

/** What one reactor counted of a store that machines share; plain JSON. */
export interface StoreTotals {
  readonly store: string;
  /** Whether the reactor can use it. */
  readonly up: boolean;
  /** Calls over the network that were answered. */
  readonly calls: number;
  /** What policies asked for and got an answer to. */
  readonly operations: number;
  /** What they asked for in vain. */
  readonly failed: number;
  /** Calls per bucket (not cumulative); the last holds what was slower than every bound. */
  readonly buckets: readonly number[];
  readonly durationMs: number;
}

const column = { up: 0, calls: 1, operations: 2, failed: 3, durationMs: 4, buckets: 5 } as const;
const width = column.buckets + durationBounds.length + 1;

/** The counters of stores, of one reactor. */
export class StoreMetrics {
  readonly #table = new CounterTable(width);

  /** To be asked for once per store; names past 2 048 share one slot. */
  slot(name: string): number {
    return this.#table.slot(name);
  }

  /** Connections that came to be usable (+), or are not any more (-). */
  up(slot: number, delta: number): void {
    this.#table.add(slot, column.up, delta);
  }

  call(slot: number, operations: number, ms: number): void {
    this.#table.add(slot, column.calls, 1);
    this.#table.add(slot, column.operations, operations);
    this.#table.add(slot, column.durationMs, ms);
    this.#table.add(slot, column.buckets + durationBucket(ms), 1);
  }

  failed(slot: number, operations: number): void {
    this.#table.add(slot, column.failed, operations);
  }

  snapshot(): StoreTotals[] {
    return [...this.#table.shownRows()].map(([store, row]) => ({
      store,
      up: row[column.up]! > 0,
      calls: row[column.calls]!,
      operations: row[column.operations]!,
      failed: row[column.failed]!,
      buckets: [...row.subarray(column.buckets)],
      durationMs: row[column.durationMs]!,
    }));
  }
}
