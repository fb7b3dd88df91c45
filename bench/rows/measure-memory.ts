import { setTimeout as delay } from "node:timers/promises";
import { stopChild } from "../process/child.ts";
import { memoryBytes, residentBytes } from "../process/usage.ts";
import { startProxy } from "../proxies/start.ts";
import { alternate } from "./alternate.ts";
import type { Sample } from "./metric.ts";
import type { Bench, Contestant, Measure, Row } from "./row.ts";

const lifetimeMs = 120_000;
// The compiler's own process ends when it had nothing to do for 5 s.
const settleMs = 6000;

/** Memory of a proxy that has just started and answered a few requests, and of the same after some load. */
export const measureMemory: Measure = (row, contestants, bench) =>
  alternate(row, contestants, bench.pace.idleRounds, bench, (contestant) =>
    measureOnce(row, contestant, bench),
  );

async function measureOnce(row: Row, contestant: Contestant, bench: Bench): Promise<Sample> {
  const { directory, upstreamPort, generator, pace } = bench;
  const load = row.load(contestant);
  const place = { directory, upstreamPort, tls: null, routes: contestant.routes, lifetimeMs };
  const { child, target } = await startProxy(contestant.proxy, place, load);
  try {
    await delay(settleMs);
    const memory = memoryBytes(child.pid);
    const resident = residentBytes(child.pid);
    const { errors } = await generator(load, target, pace.warmUpSeconds);
    return { memory, resident, memoryAfterLoad: memoryBytes(child.pid), errors };
  } finally {
    await stopChild(child);
  }
}
