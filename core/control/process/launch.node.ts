import { fork } from "node:child_process";
import { defaultEngine } from "#default-engine";
import { processEntry } from "../../data/entry.ts";
import type { Launched, LaunchOptions } from "./launch.ts";

/**
 * Room for young objects, MiB. Node's own 16 cost 35 to 55 MB more after some load with one plugin, and no
 * less CPU in the benchmark's loads.
 */
const youngObjects = 8;

/** Starts the data process with what this one may do. */
export function launch({ args, env, hasPlugins, descriptor }: LaunchOptions): Launched {
  const child = fork(processEntry, args, {
    env,
    ...(hasPlugins && { execArgv: [...process.execArgv, ...engineFlags(), ...memoryFlags(env)] }),
    stdio: ["inherit", "inherit", "inherit", "ipc", ...(descriptor === null ? [] : [descriptor])],
  });
  return { child, demand() {} };
}

/** What isolated-vm asks of Node. */
function engineFlags(): readonly string[] {
  return defaultEngine === "isolated-vm" ? ["--no-node-snapshot"] : [];
}

/** What the operator chose stays. */
function memoryFlags({ NODE_OPTIONS }: NodeJS.ProcessEnv): readonly string[] {
  const isChosen = [NODE_OPTIONS ?? "", ...process.execArgv].some((text) => /semi[-_]space/.test(text));
  return isChosen ? [] : [`--max-semi-space-size=${youngObjects}`];
}
