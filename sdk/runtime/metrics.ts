import { callText } from "./host.ts";
import { HostOp } from "./host-op.ts";

export interface Metrics {
  counter(name: string, value?: number): void;
  gauge(name: string, value: number, across?: "sum" | "max" | "last"): void;
  histogram(name: string, value: number): void;
}

const gaugeKinds = new Map<unknown, string>([
  ["sum", "s"],
  ["max", "m"],
  ["last", "l"],
]);

export const metrics: Metrics = Object.freeze({
  counter(name: string, value = 1) {
    if (value < 0) throw new RangeError(`Cannot count ${value}: a counter only grows`);
    callText(HostOp.metric, `c ${value} ${name}`);
  },
  gauge(name: string, value: number, across: "sum" | "max" | "last" = "sum") {
    const kind = gaugeKinds.get(across);
    if (kind === undefined)
      throw new TypeError('Cannot set a gauge: across is none of "sum", "max" and "last"');
    callText(HostOp.metric, `${kind} ${value} ${name}`);
  },
  histogram(name: string, value: number) {
    callText(HostOp.metric, `h ${value} ${name}`);
  },
});
