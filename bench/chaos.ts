/** Sluice beside its rivals while their services fail: `node bench/chaos.ts --help`. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { contestants } from "./chaos/contestants.ts";
import { mustCells, saveChaos, scenarioCells } from "./chaos/report.ts";
import { type ChaosOptions, type ChaosResult, runScenario } from "./chaos/run-scenario.ts";
import { scenarios } from "./chaos/scenarios.ts";
import { killAllChildren } from "./process/child.ts";
import { plainTable } from "./report/plain.ts";

const usage = `Usage: node bench/chaos.ts [options]

  --scenarios ID,...  only these: ${scenarios.map(({ id }) => id).join(", ")}
  --only PROXY,...    only these: ${contestants.map(({ name }) => name).join(", ")}
  --logs DIR          keep the output of the proxies there, Sluice's access log included; nothing is saved then
  --help              this text

Complete runs are saved in bench/results.
`;

const load: ChaosOptions["load"] = { connections: 64, rate: 50, seconds: 20, timeout: 5000 };

async function run(directory: string): Promise<void> {
  const { values } = parseArgs({
    options: {
      scenarios: { type: "string" },
      only: { type: "string" },
      logs: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const chosen = choose("scenario", values.scenarios, scenarios, ({ id }) => id);
  const asked = choose("proxy", values.only, contestants, ({ name }) => name);
  const present = asked.filter(({ absent }) => absent === null);
  for (const { name, absent } of asked) if (absent !== null) say(`${name} is left out: ${absent}`);
  const options: ChaosOptions = { directory, load, logs: values.logs ?? null };
  const results: ChaosResult[] = [];
  for (const scenario of chosen) {
    for (const contestant of present) results.push(await runScenario(scenario, contestant, options));
    process.stdout.write(`${plainTable(scenarioCells(scenario, results))}\n`);
    for (const result of results) if (result.scenario === scenario.id) showFailures(result);
  }
  process.stdout.write(plainTable(mustCells(chosen, results)));
  const isComplete = chosen.length === scenarios.length && asked.length === contestants.length;
  if (isComplete && options.logs === null) say(`saved in ${await saveChaos(chosen, present, results, load)}`);
}

/** @throws TypeError for an unknown name */
function choose<T>(kind: string, text: string | undefined, all: readonly T[], name: (one: T) => string): T[] {
  const names = text?.split(",");
  const unknown = names?.find((wanted) => !all.some((one) => name(one) === wanted));
  if (unknown !== undefined)
    throw new TypeError(`Unknown ${kind} ${unknown}: known are ${all.map(name).join(", ")}`);
  return all.filter((one) => names?.includes(name(one)) ?? true);
}

function showFailures({ name, events, examples }: ChaosResult): void {
  if (examples.length === 0) return;
  for (const { at, what } of events) say(`${name} ${at} ms: ${what}`);
  for (const { at, kind, took, said } of examples) say(`${name} ${at} ms: ${kind} after ${took} ms ${said}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<void> {
  if (process.platform !== "linux") throw new Error("Cannot run: the processes are found in Linux's /proc");
  const directory = mkdtempSync(join(os.tmpdir(), "sluice-chaos-"));
  process.once("exit", () => {
    killAllChildren();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => process.exit(130));
  await run(directory);
  process.exit();
}

main().catch((error: unknown) => {
  say(`chaos failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(error instanceof TypeError ? 2 : 1);
});
