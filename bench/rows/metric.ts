/** What is measured, how it is written, and which direction is better. */

export type Metric =
  | "cpuPerRequest"
  | "requestsPerSecond"
  | "bytesPerCpuSecond"
  | "p50"
  | "p99"
  | "memory"
  | "memoryAfterLoad"
  | "resident"
  | "memoryPerConnection"
  | "start"
  | "startCpu"
  | "saveP95"
  | "saveP50"
  | "saveAfterRest"
  | "pick"
  | "pickCold"
  | "reloads"
  | "requests"
  | "errors";

/** One measurement; a row fills in what it can see. */
export type Sample = { readonly [metric in Metric]?: number };

/** Columns of a row of requests. */
export const perRequest: readonly Metric[] = [
  "cpuPerRequest",
  "requestsPerSecond",
  "p50",
  "p99",
  "memory",
  "errors",
];

/** Columns of a row of large bodies. */
export const perByte: readonly Metric[] = [
  "bytesPerCpuSecond",
  "requestsPerSecond",
  "p50",
  "p99",
  "memory",
  "errors",
];

interface MetricMeaning {
  readonly title: string;
  readonly better: "lower" | "higher";
  readonly format: (value: number) => string;
}

export const metricMeanings: Readonly<Record<Metric, MetricMeaning>> = {
  /** µs of user and system time of the proxy's processes. */
  cpuPerRequest: { title: "CPU per request", better: "lower", format: (value) => `${value.toFixed(1)} µs` },
  requestsPerSecond: { title: "requests/s", better: "higher", format: (value) => value.toFixed(0) },
  /** Bytes. */
  bytesPerCpuSecond: {
    title: "bytes per CPU second",
    better: "higher",
    format: (value) => `${(value / 1e6).toFixed(0)} MB`,
  },
  /** ms. */
  p50: { title: "p50", better: "lower", format: milliseconds },
  /** ms. */
  p99: { title: "p99", better: "lower", format: milliseconds },
  /** Bytes. */
  memory: { title: "memory", better: "lower", format: megabytes },
  /** Bytes; `memory` is from before the load then. */
  memoryAfterLoad: { title: "after load", better: "lower", format: megabytes },
  /** Bytes: pages that processes share count for each of them. */
  resident: { title: "resident", better: "lower", format: megabytes },
  /** Bytes. */
  memoryPerConnection: {
    title: "memory per connection",
    better: "lower",
    format: (value) => `${(value / 1e3).toFixed(1)} kB`,
  },
  /** ms. */
  start: { title: "start to first response", better: "lower", format: (value) => `${value.toFixed(0)} ms` },
  /** ms of user and system time. */
  startCpu: { title: "CPU until then", better: "lower", format: (value) => `${value.toFixed(0)} ms` },
  /** ms from writing a plugin to the first response of the new version. */
  saveP95: { title: "save to live p95", better: "lower", format: milliseconds },
  /** ms. */
  saveP50: { title: "p50", better: "lower", format: milliseconds },
  /** ms; nothing was saved for some seconds before. */
  saveAfterRest: { title: "after a rest", better: "lower", format: milliseconds },
  /** ns for the choice of an endpoint and for what is learnt of its answer. */
  pick: { title: "a choice", better: "lower", format: nanoseconds },
  /** ns; other things were in the processor's caches before. */
  pickCold: { title: "with cold caches", better: "lower", format: nanoseconds },
  reloads: { title: "reloads", better: "higher", format: (value) => value.toFixed(0) },
  requests: { title: "requests", better: "higher", format: (value) => value.toFixed(0) },
  errors: { title: "errors", better: "lower", format: (value) => value.toFixed(0) },
};

function megabytes(value: number): string {
  return `${(value / 1e6).toFixed(1)} MB`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function nanoseconds(value: number): string {
  return `${value.toFixed(0)} ns`;
}
