import type { PluginReport } from "../policy/plugin-status.ts";
import type { PluginTotals } from "./plane.ts";

type Counts = Readonly<Record<string, number>>;

/** Counts of faults that go on when a generation of plugins gives way to the next. */
export class FaultTotals {
  #past = new Map<string, Counts>();

  /** A generation is over. Plugins that it did not have are forgotten, so the names stay bounded. */
  add(generation: readonly PluginReport[]): void {
    this.#past = new Map(generation.map(({ name, faults }) => [name, this.#sum(name, faults)]));
  }

  over(generation: readonly PluginReport[]): PluginTotals[] {
    return generation.map((report) => ({ ...report, faultsTotal: this.#sum(report.name, report.faults) }));
  }

  #sum(name: string, faults: Counts): Counts {
    const sum: Record<string, number> = { ...this.#past.get(name) };
    for (const [cause, count] of Object.entries(faults)) sum[cause] = (sum[cause] ?? 0) + count;
    return sum;
  }
}
