import { stopChild } from "../process/child.ts";
import { cpuSeconds, memoryBytes } from "../process/usage.ts";
import { startProxy } from "../proxies/start.ts";
import { alternate } from "./alternate.ts";
import type { Sample } from "./metric.ts";
import type { Bench, Contestant, Measure, Row } from "./row.ts";

const lifetimeMs = 60_000;

/** From spawning a proxy to the end of its first proxied response. */
export const measureStart: Measure = (row, contestants, bench) =>
  alternate(row, contestants, bench.pace.startRounds, bench, (contestant) =>
    startOnce(row, contestant, bench),
  );

async function startOnce(row: Row, contestant: Contestant, bench: Bench): Promise<Sample> {
  const { directory, upstreamPort } = bench;
  const place = { directory, upstreamPort, tls: null, routes: contestant.routes, lifetimeMs };
  const { child, startMs } = await startProxy(contestant.proxy, place, row.load(contestant));
  const startCpu = cpuSeconds(child.pid) * 1000;
  const memory = memoryBytes(child.pid);
  await stopChild(child);
  return { start: startMs, startCpu, memory };
}
