import { setTimeout as delay } from "node:timers/promises";
import { stopChild } from "../process/child.ts";
import { startProxy } from "../proxies/start.ts";
import { alternate } from "./alternate.ts";
import type { Sample } from "./metric.ts";
import { PluginSaver } from "./plugin-saver.ts";
import type { Bench, Contestant, Measure, Row } from "./row.ts";
import { median, percentile } from "./statistics.ts";

const lifetimeMs = 300_000;
const warmUpSaves = 3;
const betweenMs = 200;
// The compiler's own process ends when it had nothing to do for 5 s.
const restMs = 6000;

/** From saving a plugin to the first response of its new version, without other load. */
export const measureSave: Measure = (row, contestants, bench) =>
  alternate(row, contestants, 1, bench, (contestant) => measureSaves(row, contestant, bench));

async function measureSaves(row: Row, contestant: Contestant, bench: Bench): Promise<Sample> {
  const { directory, upstreamPort, pace } = bench;
  const place = { directory, upstreamPort, tls: null, routes: contestant.routes, lifetimeMs };
  const proxy = await startProxy(contestant.proxy, place, row.load(contestant));
  const saver = new PluginSaver(proxy);
  try {
    await saveTimes(saver, warmUpSaves, betweenMs);
    const times = await saveTimes(saver, pace.saves, betweenMs);
    const rested = await saveTimes(saver, pace.restedSaves, restMs);
    return {
      saveP95: percentile(times, 0.95),
      saveP50: percentile(times, 0.5),
      saveAfterRest: median(rested),
      reloads: times.length,
    };
  } finally {
    saver.close();
    await stopChild(proxy.child);
  }
}

async function saveTimes(saver: PluginSaver, count: number, pauseMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    await delay(pauseMs);
    times.push(await saver.save());
  }
  return times;
}
