import { stopChild } from "../process/child.ts";
import { cpuSeconds, memoryBytes } from "../process/usage.ts";
import { type RunningProxy, startProxy } from "../proxies/start.ts";
import { alternate } from "./alternate.ts";
import type { Sample } from "./metric.ts";
import type { Bench, Contestant, Measure, Row } from "./row.ts";

const startAllowanceMs = 60_000;

/**
 * Timed windows under load. Every contestant is started and warmed up once and stays, idle, while
 * another one is measured: compiled code stays warm, and a disturbance of some seconds hits one
 * round of each at most.
 */
export const measureLoad: Measure = async (row, contestants, bench) => {
  const running = new Map<Contestant, RunningProxy>();
  try {
    return await alternate(row, contestants, bench.pace.rounds, bench, async (contestant) => {
      const proxy = running.get(contestant) ?? (await start(row, contestant, bench));
      if (!running.has(contestant)) {
        running.set(contestant, proxy);
        await bench.generator(row.load(contestant), proxy.target, bench.pace.warmUpSeconds);
      }
      return measureWindow(row, contestant, proxy, bench);
    });
  } finally {
    await Promise.all([...running.values()].map(({ child }) => stopChild(child)));
  }
};

function start(row: Row, contestant: Contestant, bench: Bench): Promise<RunningProxy> {
  const place = {
    directory: bench.directory,
    upstreamPort: bench.upstreamPort,
    tls: row.tls ? bench.certificate : null,
    routes: contestant.routes,
    lifetimeMs: startAllowanceMs + rowMs(row, bench),
  };
  return startProxy(contestant.proxy, place, row.load(contestant));
}

/** Upper bound for the whole row: an extra second for every start of a generator. */
function rowMs(row: Row, { pace }: Bench): number {
  const windows = pace.rounds * (pace.seconds + 1) + pace.warmUpSeconds + 1;
  return row.contestants.length * windows * 1000;
}

async function measureWindow(
  row: Row,
  contestant: Contestant,
  { child, target }: RunningProxy,
  bench: Bench,
): Promise<Sample> {
  const before = cpuSeconds(child.pid);
  const result = await bench.generator(row.load(contestant), target, bench.pace.seconds);
  const cpu = cpuSeconds(child.pid) - before;
  if (result.requests === 0 || cpu <= 0) throw new Error("Cannot measure a proxy that answered nothing");
  return {
    cpuPerRequest: (cpu / result.requests) * 1e6,
    requestsPerSecond: result.requests / result.seconds,
    bytesPerCpuSecond: result.bytes / cpu,
    p50: result.p50,
    p99: result.p99,
    memory: memoryBytes(child.pid),
    errors: result.errors,
  };
}
