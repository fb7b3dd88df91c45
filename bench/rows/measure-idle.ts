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
// A garbage-collected heap grows in steps, and what it grew by before has room for some thousand
// connections. They have to be there before the count starts, or those counted would seem to cost
// nothing. Load before that would leave more room, of a size that differs from run to run.
const connectionsBefore = 4000;

/**
 * Memory of connections that made one request and wait for the next: what it grows by when
 * `idleConnections` more join some thousand that are there. Each round starts the proxy anew, since memory that
 * was used once is not given back.
 */
export const measureIdle: Measure = (row, contestants, bench) =>
  alternate(row, contestants, bench.pace.idleRounds, bench, (contestant) =>
    measureHeld(row, contestant, bench),
  );

async function measureHeld(row: Row, contestant: Contestant, bench: Bench): Promise<Sample> {
  const load = row.load(contestant);
  const { directory, upstreamPort } = bench;
  const place = { directory, upstreamPort, tls: null, routes: contestant.routes, lifetimeMs };
  const { child, target } = await startProxy(contestant.proxy, place, load);
  try {
    const first = await holdConnections(load, target, connectionsBefore);
    await delay(settleMs);
    const before = memoryBytes(child.pid);
    const counted = await holdConnections(load, target, bench.pace.idleConnections);
    await delay(settleMs);
    const memory = memoryBytes(child.pid);
    await Promise.all([stopChild(first.child), stopChild(counted.child)]);
    const errors = connectionsBefore + bench.pace.idleConnections - first.open - counted.open;
    return { memoryPerConnection: (memory - before) / counted.open, memory, errors };
  } finally {
    await stopChild(child);
  }
}
