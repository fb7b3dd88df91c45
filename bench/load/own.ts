import { fileURLToPath } from "node:url";
import { type Child, failure, firstLine, startChild } from "../process/child.ts";
import type { ClientTask } from "./client.ts";
import type { Generator, Load, LoadResult, Target } from "./load.ts";

const program = fileURLToPath(new URL("./client.ts", import.meta.url));
const graceMs = 15_000;
const holdLifetimeMs = 120_000;

/** The generator over `node:net`, in a process of its own, for machines without wrk. */
export const ownGenerator: Generator = async (load, target, seconds) => {
  const child = await startClient({ kind: "drive", load, target, seconds }, seconds * 1000 + graceMs);
  await child.ended;
  const report = child.output("stdout");
  if (!report.startsWith("{")) throw failure(child, "it made no report");
  return JSON.parse(report) as LoadResult;
};

export interface HeldConnections {
  readonly open: number;
  /** Closes them by ending this process. */
  readonly child: Child;
}

/** Opens `count` connections, makes one request on each and keeps them open, idle. */
export async function holdConnections(load: Load, target: Target, count: number): Promise<HeldConnections> {
  const child = await startClient({ kind: "hold", load, target, count }, holdLifetimeMs);
  return { open: Number(await firstLine(child)), child };
}

function startClient(task: ClientTask, lifetimeMs: number): Promise<Child> {
  return startChild({ file: process.execPath, args: [program, JSON.stringify(task)] }, lifetimeMs);
}
