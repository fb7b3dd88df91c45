/** What policies may cost. */
import type { Figure } from "./figure.ts";

const megabyte = 1_000_000;
/** The quiet time that a watch waits for after a change, which every save includes, in ms. */
const debounce = 30;

export const policyFigures: readonly Figure[] = [
  ...[
    { rival: "nginx-lua", name: "nginx + Lua's", must: 1.4, aim: 1 },
    { rival: "haproxy-lua", name: "HAProxy + Lua's", must: 1, aim: 0.7 },
    { rival: "workerd", name: "workerd's", must: 0.15, aim: 0.09 },
  ].map(
    ({ rival, name, must, aim }): Figure => ({
      title: `CPU per request with a policy / ${name}`,
      row: "policy",
      metric: "cpuPerRequest",
      of: "sluice-gate",
      beside: rival,
      must,
      aim,
    }),
  ),
  {
    title: "each further isolated-vm plugin adds",
    row: "plugins",
    metric: "cpuPerRequest",
    of: "sluice-gate-x5",
    beside: "sluice-gate-x1",
    added: 4,
    must: 5,
    aim: 2,
  },
  {
    title: "each further QuickJS plugin adds",
    row: "plugins",
    metric: "cpuPerRequest",
    of: "sluice-gate-quickjs-x5",
    beside: "sluice-gate-quickjs-x1",
    added: 4,
    must: 12,
    aim: 6,
  },
  {
    title: "waiting for one read of the store adds",
    row: "async",
    metric: "cpuPerRequest",
    of: "sluice-store",
    beside: "sluice-gate",
    added: 1,
    must: 10,
    aim: 4,
  },
  {
    title: "10 MB responses, every chunk changed: bytes per CPU second / untouched",
    row: "transform",
    metric: "bytesPerCpuSecond",
    of: "sluice-flip",
    beside: "sluice",
    must: 0.25,
    aim: 0.5,
  },
  {
    title: "memory with one plugin, both processes",
    row: "plugin-memory",
    metric: "memory",
    of: "sluice-gate-x1",
    must: 160 * megabyte,
    aim: 120 * megabyte,
  },
  {
    title: "memory of each further plugin",
    row: "plugin-memory",
    metric: "memory",
    of: "sluice-gate-x21",
    beside: "sluice-gate-x1",
    added: 20,
    must: 4 * megabyte,
    aim: 2 * megabyte,
  },
  {
    title: `save to live, p95, the debounce of ${debounce} ms included`,
    row: "save",
    metric: "saveP95",
    of: "sluice-gate",
    must: 150 + debounce,
    aim: 50 + debounce,
  },
  {
    title: "failed requests while a plugin is saved under load",
    row: "reload",
    metric: "errors",
    of: "sluice-gate",
    must: 0,
    aim: 0,
  },
];
