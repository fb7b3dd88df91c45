import { fork } from "node:child_process";
import { defaultEngine } from "#default-engine";
import type { Address } from "../../config/model.ts";
import { processEntry } from "../../data/entry.ts";
import type { Launched, LaunchOptions } from "./launch.ts";

/**
 * Room for young objects, MiB. Node's own 16 cost 35 to 55 MB more after some load with one plugin, and no
 * less CPU in the benchmark's loads.
 */
const youngObjects = 8;

/**
 * How V8 collects where there are plugins, by the name that an operator would choose himself. Young objects are collected
 * on the thread that made them: with so few of them left, waking others for it costs 0.4 of 18 µs a request.
 */
const collector = {
  semi_space: `--max-semi-space-size=${youngObjects}`,
  parallel_scavenge: "--no-parallel-scavenge",
} as const;

/** Starts the data process with what this one may do. */
export function launch({ args, env, hasPlugins, descriptor }: LaunchOptions): Launched {
  const child = fork(processEntry, args, {
    env,
    ...(hasPlugins && { execArgv: [...process.execArgv, ...engineFlags(), ...collectorFlags(env)] }),
    stdio: ["inherit", "inherit", "inherit", "ipc", ...(descriptor === null ? [] : [descriptor])],
  });
  return { child, demand() {} };
}

/** What the system refuses is told by listening itself. */
export function demandToListen(_address: Address): void {}

/** So is what it refuses to run. */
export function demandToCompile(): void {}

/** What isolated-vm asks of Node. */
function engineFlags(): readonly string[] {
  return defaultEngine === "isolated-vm" ? ["--no-node-snapshot"] : [];
}

/** What the operator chose stays. */
function collectorFlags({ NODE_OPTIONS }: NodeJS.ProcessEnv): readonly string[] {
  const chosen = [NODE_OPTIONS ?? "", ...process.execArgv].join(" ").replaceAll("-", "_");
  return Object.entries(collector).flatMap(([name, flag]) => (chosen.includes(name) ? [] : [flag]));
}
