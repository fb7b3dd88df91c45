import { callText } from "./host.ts";
import { HostOp } from "./host-op.ts";

export interface Metrics {
  counter(name: string, value?: number): void;
  histogram(name: string, value: number): void;
}

export const metrics: Metrics = Object.freeze({
  counter(name: string, value = 1) {
    callText(HostOp.metric, `c ${value} ${name}`);
  },
  histogram(name: string, value: number) {
    callText(HostOp.metric, `h ${value} ${name}`);
  },
});
