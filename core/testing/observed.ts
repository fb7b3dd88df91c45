/** What plugins did, kept for the test to look at. */

import { frameAt } from "../observe/code-frame.ts";
import type { PluginMetricKind } from "../observe/plugin-metrics.ts";
import { placeText, type SourcePosition } from "../observe/stack-trace.ts";
import type { SharedServices } from "../policy/guest/services.ts";
import type { KeyValues } from "../store/kv/key-values.ts";
import type { TestFault, TestKeyValues, TestLogLine, TestMetrics } from "./types.ts";

interface Measure {
  readonly kind: PluginMetricKind;
  readonly plugin: string;
  readonly name: string;
  readonly value: number;
}

/** Faults of one gateway that are printed: whoever reads them has seen enough. */
const mostShown = 10;

const isGauge = (kind: PluginMetricKind) => kind !== "counter" && kind !== "histogram";

export class Observed implements TestMetrics {
  readonly log: TestLogLine[] = [];
  readonly faults: TestFault[] = [];
  private readonly measures: Measure[] = [];

  /** The part of what guests share that tells this object. */
  get services(): Pick<SharedServices, "metrics" | "onLogLine" | "onFault"> {
    return {
      metrics: { add: (kind, plugin, name, value) => void this.measures.push({ kind, plugin, name, value }) },
      onLogLine: (plugin, level, message, found) => {
        const { fields = {}, at = null } = found as { fields?: Record<string, unknown>; at?: string };
        this.log.push({ plugin, level, message, fields, at });
      },
      onFault: (plugin, { phase, cause, message, position }) => {
        const at = placeText(position);
        const fault: TestFault = { plugin, phase, cause, message, at };
        this.faults.push(fault);
        if (this.faults.length <= mostShown) console.error(faultText(fault, position));
      },
    };
  }

  counter(name: string, plugin?: string): number {
    return this.values("counter", name, plugin).reduce((sum, value) => sum + value, 0);
  }

  gauge(name: string, plugin?: string): number | null {
    const said = this.measures.filter(
      (one) => isGauge(one.kind) && one.name === name && one.plugin === (plugin ?? one.plugin),
    );
    return said.at(-1)?.value ?? null;
  }

  histogram(name: string, plugin?: string): readonly number[] {
    return this.values("histogram", name, plugin);
  }

  private values(kind: Measure["kind"], name: string, plugin: string | undefined): number[] {
    return this.measures
      .filter((one) => one.kind === kind && one.name === name && one.plugin === (plugin ?? one.plugin))
      .map(({ value }) => value);
  }
}

/** A failed assertion says what the response was, and not why. */
function faultText(
  { plugin, phase, cause, message, at }: TestFault,
  position: SourcePosition | null,
): string {
  const what = phase === null ? `was lost (${cause})` : `failed in ${phase}`;
  const frame = position === null ? "" : frameAt(position.source ?? "", position.line, position.column);
  return `${at === null ? "" : `${at}: `}${plugin} ${what}: ${message}${frame && `\n${frame}`}`;
}

/** @param plugins names of those that there are */
export function keyValuesOf(store: KeyValues, plugins: () => readonly string[]): TestKeyValues {
  const ownerOf = (plugin: string | undefined): string => {
    const names = plugins();
    if (plugin === undefined && names.length === 1) return names[0]!;
    if (plugin !== undefined && names.includes(plugin)) return plugin;
    throw new TypeError(
      `Cannot tell whose value it is: expected one of ${names.join(", ")}, found ${plugin}`,
    );
  };
  return {
    async get(key, plugin) {
      const text = await store.get(ownerOf(plugin), key);
      return text === null ? undefined : JSON.parse(text);
    },
    async set(key, value, { ttl, plugin } = {}) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new TypeError("Cannot store the value: it has no JSON form");
      await store.set(ownerOf(plugin), key, text, ttl === undefined ? null : ttl * 1000);
    },
  };
}
