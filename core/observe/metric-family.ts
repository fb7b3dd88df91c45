export type Labels = Readonly<Record<string, string>>;

/** One metric family of the Prometheus text format 0.0.4; samples with the same labels are summed, which is how reactors are. */
export class Family {
  readonly #name: string;
  readonly #header: string;
  readonly #samples = new Map<string, number>();

  constructor(name: string, type: "counter" | "gauge" | "histogram", help: string) {
    this.#name = name;
    this.#header = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  add(labels: Labels, value: number, suffix = ""): void {
    const series = `${this.#name}${suffix}${renderLabels(labels)}`;
    this.#samples.set(series, (this.#samples.get(series) ?? 0) + value);
  }

  /**
   * @param bounds upper bounds, in rising order
   * @param buckets values per bucket (not cumulative), one more than bounds
   */
  addHistogram(labels: Labels, bounds: readonly number[], buckets: readonly number[], sum: number): void {
    let cumulative = 0;
    buckets.forEach((count, index) => {
      cumulative += count;
      this.add({ ...labels, le: String(bounds[index] ?? "+Inf") }, cumulative, "_bucket");
    });
    this.add(labels, sum, "_sum");
    this.add(labels, cumulative, "_count");
  }

  render(): string {
    let text = this.#header;
    for (const [series, value] of this.#samples) {
      text += `${series} ${value}\n`;
    }
    return text;
  }
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** A label value may hold any character, with these three escaped (text format 0.0.4). */
function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
