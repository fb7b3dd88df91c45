/** One proxy through one scenario, with services and load of its own. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Child, failure, firstLine, hasEnded, startChild, stopChild } from "../process/child.ts";
import { freePort } from "../process/port.ts";
import type { Contestant } from "./contestants.ts";
import { Fleet } from "./fleet.ts";
import type { Scenario } from "./scenarios.ts";
import type { SteadyLoad, SteadyResult } from "./steady-load.ts";

const fleetSize = 4;
const startTimeoutMs = 20_000;
const graceMs = 30_000;
const clientProgram = fileURLToPath(new URL("./client.ts", import.meta.url));

export interface Event {
  /** Since the begin of the load, in ms. */
  readonly at: number;
  readonly what: string;
}

export interface ChaosResult extends SteadyResult {
  readonly scenario: string;
  readonly name: string;
  readonly events: readonly Event[];
}

export interface ChaosOptions {
  /** Holds everything temporary of the run. */
  readonly directory: string;
  readonly load: Omit<SteadyLoad, "port">;
  /** Where the whole output of the proxies is kept, with Sluice's access log; null: nowhere. */
  readonly logs: string | null;
}

/** @throws when the proxy does not start, or the load makes no report */
export async function runScenario(
  scenario: Scenario,
  contestant: Contestant,
  options: ChaosOptions,
): Promise<ChaosResult> {
  const lifetimeMs = options.load.seconds * 1000 + startTimeoutMs + graceMs;
  const fleet = await Fleet.start(fleetSize, lifetimeMs);
  const directory = await mkdtemp(join(options.directory, `${contestant.name}-`));
  const port = await freePort();
  const verbose = options.logs !== null;
  const command = await contestant.prepare({ port, upstreams: fleet.ports, directory, verbose });
  const proxy = await startChild(command, lifetimeMs);
  const parts: string[] = [];
  if (verbose) keepOutput(proxy, parts);
  try {
    await answers(proxy, port);
    const events: Event[] = [];
    const load: SteadyLoad = { ...options.load, port };
    const client = await startChild(
      { file: process.execPath, args: [clientProgram, JSON.stringify(load)] },
      lifetimeMs,
    );
    await firstLine(client);
    const startedAt = performance.now();
    parts.push(`--- load begins at ${new Date().toISOString()}\n`);
    await scenario.run(fleet, (what) => {
      events.push({ at: Math.round(performance.now() - startedAt), what });
      parts.push(`--- ${new Date().toISOString()} ${what}\n`);
    });
    await client.ended;
    if (hasEnded(proxy)) throw failure(proxy, "it ended under the load");
    return { scenario: scenario.id, name: contestant.name, events, ...report(client) };
  } finally {
    await stopChild(proxy);
    await fleet.stop();
    if (options.logs !== null) {
      await mkdir(options.logs, { recursive: true });
      await writeFile(join(options.logs, `${scenario.id}-${contestant.name}.log`), parts.join(""));
    }
  }
}

function report(client: Child): SteadyResult {
  const line = client.output("stdout").split("\n")[1];
  if (!line?.startsWith("{")) throw failure(client, "it made no report");
  return JSON.parse(line) as SteadyResult;
}

/** Waits until the proxy passes on what the services answer. */
async function answers(proxy: Child, port: number): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    if ((await statusOf(port)) === 200) return;
    if (hasEnded(proxy)) throw failure(proxy, "it ended before it answered");
    await delay(20);
  }
  throw failure(proxy, `it did not answer within ${startTimeoutMs} ms`);
}

function statusOf(port: number): Promise<number> {
  return new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    request.on("error", () => resolve(0));
  });
}

function keepOutput(proxy: Child, parts: string[]): void {
  for (const stream of [proxy.process.stdout, proxy.process.stderr])
    stream?.on("data", (part: string) => parts.push(part));
}
