import { stopChild } from "../process/child.ts";
import { cpuSeconds, memoryBytes } from "../process/usage.ts";
import { type RunningProxy, startProxy } from "../proxies/start.ts";
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
  const samples = new Map<Contestant, Sample[]>(contestants.map((contestant) => [contestant, []]));
  try {
    for (const contestant of contestants) running.set(contestant, await warmUp(row, contestant, bench));
    for (let round = 0; round < bench.pace.rounds; round++) {
      for (const [contestant, proxy] of running) {
        samples.get(contestant)?.push(await measureWindow(row, contestant, proxy, bench));
      }
      bench.say(`${row.id}: round ${round + 1} of ${bench.pace.rounds}`);
    }
  } finally {
    await Promise.all([...running.values()].map(({ child }) => stopChild(child)));
  }
  return samples;
};

async function warmUp(row: Row, contestant: Contestant, bench: Bench): Promise<RunningProxy> {
  const load = row.load(contestant);
  const place = {
    directory: bench.directory,
    upstreamPort: bench.upstreamPort,
    tls: row.tls ? bench.certificate : null,
    routes: contestant.routes,
    lifetimeMs: startAllowanceMs + rowMs(row, bench),
  };
  const proxy = await startProxy(contestant.proxy, place, load.paths[0] as string);
  await bench.generator(load, proxy.target, bench.pace.warmUpSeconds);
  return proxy;
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
  if (result.requests === 0 || cpu <= 0)
    throw new Error(`Cannot measure ${contestant.name}: it answered nothing`);
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
