import { setTimeout as delay } from "node:timers/promises";
import { holdConnections } from "../load/own.ts";
import { stopChild } from "../process/child.ts";
import { memoryBytes } from "../process/usage.ts";
import { startProxy } from "../proxies/start.ts";
import { alternate } from "./alternate.ts";
import type { Sample } from "./metric.ts";
import type { Bench, Contestant, Measure, Row } from "./row.ts";

const lifetimeMs = 180_000;
const settleMs = 1000;

/**
 * Memory of connections that made one request and wait for the next. Each round starts the proxy
 * anew, since memory that was used once is not given back, and warms it up, so that the growth of
 * a heap under load is not counted as the price of connections.
 */
export const measureIdle: Measure = (row, contestants, bench) =>
  alternate(row, contestants, bench.pace.idleRounds, bench, measureHeld);

async function measureHeld(row: Row, contestant: Contestant, bench: Bench): Promise<Sample> {
  const load = row.load(contestant);
  const place = {
    directory: bench.directory,
    upstreamPort: bench.upstreamPort,
    tls: null,
    routes: contestant.routes,
    lifetimeMs,
  };
  const { child, target } = await startProxy(contestant.proxy, place, load.paths[0] as string);
  try {
    await bench.generator(load, target, bench.pace.warmUpSeconds);
    await delay(settleMs);
    const before = memoryBytes(child.pid);
    const held = await holdConnections(load, target, bench.pace.idleConnections);
    await delay(settleMs);
    const memory = memoryBytes(child.pid);
    await stopChild(held.child);
    const errors = bench.pace.idleConnections - held.open;
    return { memoryPerConnection: (memory - before) / held.open, memory, errors };
  } finally {
    await stopChild(child);
  }
}
