import type { ConfigOf } from "sluice/sdk";
import type { CircuitRules } from "./rules.ts";

/** The breaker's config. */
export const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    per: {
      enum: ["cluster", "route", "endpoint"],
      default: "cluster",
      description:
        "What has a circuit of its own. endpoint: each endpoint of a cluster; the balancer leaves out those that are out of order",
    },
    name: {
      type: "string",
      maxLength: 200,
      description: "One circuit of this name in place of all: for clusters or routes that fail together",
    },
    window: {
      enum: ["time", "count"],
      default: "time",
      description: "Whether the calls of some seconds count, or the last ones",
    },
    size: {
      type: "integer",
      minimum: 1,
      maximum: 100_000,
      default: 10,
      description: "Of the window: s, or calls",
    },
    minimumCalls: {
      type: "integer",
      minimum: 1,
      default: 20,
      description: "Calls in the window before its rates mean anything",
    },
    failureRate: {
      type: "number",
      exclusiveMinimum: 0,
      maximum: 100,
      default: 50,
      description: "Percent of failed calls that open the circuit",
    },
    slowTime: {
      type: "number",
      minimum: 0,
      default: 0,
      description: "Seconds from which a call is slow; 0: none is",
    },
    slowRate: {
      type: "number",
      exclusiveMinimum: 0,
      maximum: 100,
      default: 100,
      description: "Percent of slow calls that open the circuit",
    },
    consecutiveFailures: {
      type: "integer",
      minimum: 0,
      default: 0,
      description: "Failures in a row that open the circuit, whatever the rates are; 0: none do",
    },
    failures: {
      type: "array",
      items: { type: "integer", minimum: 100, maximum: 599 },
      default: [500, 502, 503, 504],
      description: "Statuses of the service that are failures; that no endpoint answers always is one",
    },
    openTime: {
      type: "number",
      exclusiveMinimum: 0,
      default: 5,
      description: "Seconds for which the circuit is open before it is tried",
    },
    openGrowth: {
      type: "number",
      minimum: 1,
      maximum: 10,
      default: 2,
      description: "Factor from one time to the next, while it does not recover",
    },
    openMost: {
      type: "number",
      exclusiveMinimum: 0,
      default: 60,
      description: "Longest time for which it is open, s",
    },
    jitter: {
      type: "number",
      minimum: 0,
      maximum: 0.5,
      default: 0.1,
      description: "Part of that time by which it is longer or shorter, at random",
    },
    probes: { type: "integer", minimum: 1, maximum: 1000, default: 3, description: "Calls that try it then" },
    probeTimeout: {
      type: "number",
      exclusiveMinimum: 0,
      default: 30,
      description:
        "Seconds after which probes that have not come back are counted for lost, and others may go",
    },
    fallback: {
      type: "object",
      additionalProperties: false,
      description: "What answers while the circuit is open. Without it: 503 with Retry-After",
      properties: {
        stale: {
          type: "object",
          additionalProperties: false,
          description: "The last good answer to a GET of the same URL, if there is one",
          properties: {
            maxAge: {
              type: "number",
              exclusiveMinimum: 0,
              maximum: 604_800,
              default: 300,
              description: "Seconds for which it is good enough",
            },
            maxBytes: {
              type: "integer",
              minimum: 1,
              maximum: 524_288,
              default: 65_536,
              description: "Longest body that is kept",
            },
            every: {
              type: "number",
              exclusiveMinimum: 0,
              default: 10,
              description: "Seconds between two answers that are kept of one URL",
            },
          },
        },
        cluster: { type: "string", minLength: 1, description: "Another cluster, which has no circuit" },
      },
      default: {},
    },
  },
} as const;

export type BreakerConfig = ConfigOf<typeof schema>;

/** The rules of a circuit, in ms. */
export function rulesOf(config: BreakerConfig): CircuitRules {
  const { window, size, minimumCalls, failureRate, slowRate, consecutiveFailures, probes } = config;
  return {
    window: { type: window, size: window === "time" ? size * 1000 : size },
    // A window that never holds as many calls would never open.
    minimumCalls: window === "count" ? Math.min(minimumCalls, size) : minimumCalls,
    failureRate,
    slowRate,
    consecutiveFailures,
    openTime: {
      base: config.openTime * 1000,
      growth: config.openGrowth,
      most: Math.max(config.openTime, config.openMost) * 1000,
      jitter: config.jitter,
    },
    probes,
    probeTimeout: config.probeTimeout * 1000,
  };
}
