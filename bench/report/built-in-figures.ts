/** What built-in policies may cost. */
import type { Figure } from "./figure.ts";

export const builtInFigures: readonly Figure[] = [
  {
    title: "a rate limit adds",
    row: "limit",
    metric: "cpuPerRequest",
    of: "sluice-limit",
    beside: "sluice",
    added: 1,
    must: 2,
    aim: 0.7,
  },
  {
    title: "1 kB from the cache, CPU per request / nginx proxy_cache's",
    row: "cache-1k",
    metric: "cpuPerRequest",
    of: "sluice-cache",
    beside: "nginx-cache",
    must: 1.6,
    aim: 1,
  },
  {
    title: "a token that was seen before adds",
    row: "jwt",
    metric: "cpuPerRequest",
    of: "sluice-jwt",
    beside: "sluice",
    added: 1,
    must: 3,
    aim: 1.5,
  },
];
