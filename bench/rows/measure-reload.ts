import { stopChild } from "../process/child.ts";
import { memoryBytes } from "../process/usage.ts";
import { type RunningProxy, startProxy } from "../proxies/start.ts";
import { alternate } from "./alternate.ts";
import type { Sample } from "./metric.ts";
import { PluginSaver } from "./plugin-saver.ts";
import type { Bench, Contestant, Measure, Row } from "./row.ts";
import { percentile } from "./statistics.ts";

const lifetimeMs = 300_000;
const loadSeconds = 2;

/** What clients notice while a plugin is saved again and again: nothing, or errors. */
export const measureReload: Measure = (row, contestants, bench) =>
  alternate(row, contestants, 1, bench, async (contestant) => {
    const { directory, upstreamPort } = bench;
    const place = { directory, upstreamPort, tls: null, routes: contestant.routes, lifetimeMs };
    const proxy = await startProxy(contestant.proxy, place, row.load(contestant));
    try {
      return await reloadUnderLoad(row, contestant, proxy, bench);
    } finally {
      await stopChild(proxy.child);
    }
  });

async function reloadUnderLoad(
  row: Row,
  contestant: Contestant,
  proxy: RunningProxy,
  bench: Bench,
): Promise<Sample> {
  const load = row.load(contestant);
  let errors = 0;
  let requests = 0;
  let saved: readonly number[] | null = null;
  const saving = saveAll(proxy, bench.pace.reloads).then((times) => {
    saved = times;
  });
  // A failure is looked at when the load that runs meanwhile has ended.
  saving.catch(() => {});
  while (saved === null) {
    const result = await Promise.race([bench.generator(load, proxy.target, loadSeconds), failure(saving)]);
    errors += result.errors;
    requests += result.requests;
  }
  const times: readonly number[] = saved;
  return {
    errors,
    reloads: times.length,
    requests,
    saveP95: percentile(times, 0.95),
    saveP50: percentile(times, 0.5),
    memoryAfterLoad: memoryBytes(proxy.child.pid),
  };
}

/** Never ends unless the promise is rejected. */
function failure(promise: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => promise.catch(reject));
}

async function saveAll(proxy: RunningProxy, count: number): Promise<number[]> {
  const saver = new PluginSaver(proxy);
  const times: number[] = [];
  try {
    while (times.length < count) times.push(await saver.save());
  } finally {
    saver.close();
  }
  return times;
}
