import { fork } from "node:child_process";
import { defaultEngine } from "#default-engine";
import { processEntry } from "../data/entry.ts";
import type { Launched, LaunchOptions } from "./launch.ts";

/** Starts the data process with what this one may do. */
export function launch({ args, env, hasPlugins, descriptor }: LaunchOptions): Launched {
  const child = fork(processEntry, args, {
    env,
    ...(hasPlugins && { execArgv: [...process.execArgv, ...engineFlags()] }),
    stdio: ["inherit", "inherit", "inherit", "ipc", ...(descriptor === null ? [] : [descriptor])],
  });
  return { child, demand() {} };
}

/** What isolated-vm asks of Node. */
function engineFlags(): readonly string[] {
  return defaultEngine === "isolated-vm" ? ["--no-node-snapshot"] : [];
}
