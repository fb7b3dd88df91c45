import { firstLine, startChild, stopChild } from "../process/child.ts";
import { alternate } from "./alternate.ts";
import type { Sample } from "./metric.ts";
import type { Measure } from "./row.ts";

const lifetimeMs = 60_000;

/** What `bench/pick/main.ts` says, each time in a process of its own. */
export const measurePick: Measure = (row, contestants, bench) =>
  alternate(row, contestants, bench.pace.rounds, bench, async ({ proxy }) => {
    const { directory, upstreamPort } = bench;
    const command = await proxy.prepare({ port: 0, upstreamPort, directory, tls: null, routes: 1 });
    const child = await startChild(command, lifetimeMs);
    try {
      return JSON.parse(await firstLine(child)) as Sample;
    } finally {
      await stopChild(child);
    }
  });
