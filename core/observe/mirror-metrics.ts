import { type ErrorCode, errorCodes } from "../errors.ts";
import { CounterTable } from "./counter-table.ts";
import { errorIndex } from "./labels.ts";
import { type ReasonCount, reasonCounts } from "./reason-counts.ts";

/** Why a request was not copied. */
const drops = ["in_flight", "body", "incomplete"] as const;
export type MirrorDrop = (typeof drops)[number];

/** What one reactor counted of the copies that one route sends to one cluster; plain JSON. */
export interface MirrorTotals {
  readonly route: string;
  readonly cluster: string;
  readonly sent: number;
  readonly dropped: readonly ReasonCount[];
  /** Copies that were not answered, by error code. */
  readonly failed: readonly ReasonCount[];
}

const column = { sent: 0, dropped: 1, failed: 1 + drops.length, width: 1 + drops.length + errorCodes.length };

/**
 * The counters of copies, of one reactor.
 *
 * @example
 * const mirrors = new MirrorMetrics();
 * mirrors.sent(mirrors.slot("api", "next"));
 */
export class MirrorMetrics {
  readonly #table = new CounterTable(column.width);

  /** To be asked for once per reload; pairs past 2 048 share one slot. */
  slot(route: string, cluster: string): number {
    return this.#table.slot(`${route} ${cluster}`);
  }

  sent(slot: number): void {
    this.#table.add(slot, column.sent, 1);
  }

  dropped(slot: number, reason: MirrorDrop): void {
    this.#table.add(slot, column.dropped + drops.indexOf(reason), 1);
  }

  failed(slot: number, code: ErrorCode): void {
    this.#table.add(slot, column.failed + errorIndex(code), 1);
  }

  snapshot(): MirrorTotals[] {
    return [...this.#table.shownRows()].map(([name, row]) => {
      const [route = "", cluster = route] = name.split(" ");
      return {
        route,
        cluster,
        sent: row[column.sent]!,
        dropped: reasonCounts(drops, row.subarray(column.dropped)),
        failed: reasonCounts(errorCodes, row.subarray(column.failed)),
      };
    });
  }
}
