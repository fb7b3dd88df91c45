/** What a plugin counts: a gauge is called by what it is over all reactors. */
export type PluginMetricKind = "counter" | "histogram" | PluginGauge["across"];

/** Names of counters, gauges and histograms that one plugin may have; what it counts under further ones is dropped. */
export const maxPluginMetrics = 100;

/** Upper bounds of every plugin's histograms, in whatever the plugin measures; one more bucket holds the rest. */
export const pluginBounds: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 100_000, 1_000_000,
];

/** Beyond this a sum loses single counts, and soon is no number that the text format has. */
const largestSum = Number.MAX_SAFE_INTEGER;

/** What one plugin counted in one reactor; plain JSON. */
export interface PluginMetricsSnapshot {
  readonly plugin: string;
  readonly counters: readonly PluginCounter[];
  readonly gauges: readonly PluginGauge[];
  readonly histograms: readonly PluginHistogram[];
  /** Calls that came to nothing: a name too many, a counter that was to fall, a sum that is too large. */
  readonly dropped: number;
}

export interface PluginCounter {
  readonly name: string;
  readonly value: number;
}

export interface PluginGauge {
  readonly name: string;
  readonly across: "sum" | "max" | "last";
  readonly value: number;
  /** When it was said: ms since 1970, the same in all threads. */
  readonly at: number;
}

export interface PluginHistogram {
  readonly name: string;
  /** Values per bucket (not cumulative); the last holds what was larger than every bound. */
  readonly buckets: readonly number[];
  readonly sum: number;
}

/**
 * The counters and histograms of the plugins of one reactor. They live as long as the reactor, so a reload of the
 * plugin does not set them back.
 *
 * @example
 * const metrics = new PluginMetrics();
 * metrics.add("counter", "tenant", "unknown", 1);
 * metrics.add("histogram", "tenant", "lookup_ms", 3.2);
 */
export class PluginMetrics {
  readonly #plugins = new Map<string, OfPlugin>();

  /** @param value finite */
  add(kind: PluginMetricKind, plugin: string, name: string, value: number): void {
    let own = this.#plugins.get(plugin);
    if (own === undefined) {
      own = new OfPlugin();
      this.#plugins.set(plugin, own);
    }
    if (kind === "counter") own.count(name, value);
    else if (kind === "histogram") own.observe(name, value);
    else own.say(name, value, kind);
  }

  snapshot(): PluginMetricsSnapshot[] {
    return [...this.#plugins].map(([plugin, own]) => own.snapshot(plugin));
  }
}

/** After the buckets. */
const sumCell = pluginBounds.length + 1;

class OfPlugin {
  readonly #counters = new Map<string, number>();
  readonly #histograms = new Map<string, Float64Array>();
  readonly #gauges = new Map<string, PluginGauge>();
  #dropped = 0;

  count(name: string, value: number): void {
    const before = this.#counters.get(name) ?? null;
    const sum = (before ?? 0) + value;
    if (value < 0 || sum > largestSum || (before === null && this.#isFull)) this.#dropped++;
    else this.#counters.set(name, sum);
  }

  say(name: string, value: number, across: PluginGauge["across"]): void {
    if (!this.#gauges.has(name) && this.#isFull) this.#dropped++;
    else this.#gauges.set(name, { name, across, value, at: performance.timeOrigin + performance.now() });
  }

  observe(name: string, value: number): void {
    const cells = this.#cellsOf(name);
    const sum = (cells?.[sumCell] ?? 0) + value;
    if (cells === null || Math.abs(sum) > largestSum) {
      this.#dropped++;
      return;
    }
    const bucket = pluginBounds.findIndex((bound) => value <= bound);
    cells[bucket < 0 ? pluginBounds.length : bucket]! += 1;
    cells[sumCell] = sum;
  }

  /** Null when there are too many names already. */
  #cellsOf(name: string): Float64Array | null {
    const known = this.#histograms.get(name);
    if (known !== undefined) return known;
    if (this.#isFull) return null;
    const cells = new Float64Array(sumCell + 1);
    this.#histograms.set(name, cells);
    return cells;
  }

  snapshot(plugin: string): PluginMetricsSnapshot {
    return {
      plugin,
      counters: [...this.#counters].map(([name, value]) => ({ name, value })),
      gauges: [...this.#gauges.values()],
      histograms: [...this.#histograms].map(([name, cells]) => ({
        name,
        buckets: [...cells.subarray(0, sumCell)],
        sum: cells[sumCell]!,
      })),
      dropped: this.#dropped,
    };
  }

  get #isFull(): boolean {
    return this.#counters.size + this.#gauges.size + this.#histograms.size >= maxPluginMetrics;
  }
}
