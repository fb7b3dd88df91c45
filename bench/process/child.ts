/** Processes of the benchmark: bounded in time, ended by process id, none left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { processTree } from "./usage.ts";

const outputKept = 64 * 1024;
const stopGraceMs = 3000;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to the environment of the benchmark. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Child {
  readonly pid: number;
  readonly command: Command;
  readonly process: ChildProcess;
  /** Settles when the process has ended and its output is complete. */
  readonly ended: Promise<void>;
  /** The last 64 KiB of what it printed. */
  output(stream: "stdout" | "stderr"): string;
}

const alive = new Set<Child>();

/**
 * Starts a process that is killed when `lifetimeMs` is over, whatever happens to its user.
 *
 * @throws when the program cannot be started
 */
export async function startChild(command: Command, lifetimeMs: number): Promise<Child> {
  const process_ = spawn(command.file, command.args, {
    env: { ...process.env, ...command.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => process_.once("close", () => resolve()));
  const stdout = tail(process_, "stdout");
  const stderr = tail(process_, "stderr");
  await once(process_, "spawn");
  const child: Child = {
    pid: process_.pid as number,
    command,
    process: process_,
    ended,
    output: (stream) => (stream === "stdout" ? stdout() : stderr()),
  };
  alive.add(child);
  const deadline = setTimeout(() => killTree(child), lifetimeMs);
  ended.then(() => {
    clearTimeout(deadline);
    alive.delete(child);
  });
  return child;
}

/** Asks the process to end and kills what is left of its tree after `graceMs`. */
export async function stopChild(child: Child, graceMs = stopGraceMs): Promise<void> {
  if (!hasEnded(child)) child.process.kill("SIGTERM");
  const patience = new AbortController();
  await Promise.race([child.ended, delay(graceMs, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
  if (alive.has(child)) killTree(child);
  await child.ended;
}

/** Kills every process still running; synchronous, for the way out. */
export function killAllChildren(): void {
  for (const child of alive) killTree(child);
}

export function hasEnded(child: Child): boolean {
  return child.process.exitCode !== null || child.process.signalCode !== null;
}

/**
 * The first line that the process prints on stdout.
 *
 * @throws when it ends without one
 */
export async function firstLine(child: Child): Promise<string> {
  const { stdout } = child.process;
  while (!child.output("stdout").includes("\n")) {
    if (stdout === null || stdout.readableEnded) throw failure(child, "it printed nothing");
    await Promise.race([once(stdout, "data"), child.ended]);
  }
  return child.output("stdout").split("\n", 1)[0] as string;
}

/** An error that shows what the process said last. */
export function failure(child: Child, found: string): Error {
  const said = child.output("stderr").trim() || child.output("stdout").trim() || "no output";
  return new Error(`Cannot run ${child.command.file}: ${found}; it said: ${said.slice(-2000)}`);
}

function tail(child: ChildProcess, stream: "stdout" | "stderr"): () => string {
  let text = "";
  child[stream]?.setEncoding("utf8").on("data", (part: string) => {
    text = (text + part).slice(-outputKept);
  });
  // A child that ended early must not end the benchmark through its closed pipe.
  child.stdin?.on("error", () => {});
  return () => text;
}

function killTree(child: Child): void {
  // Children first: once their parent is gone, nothing leads to them.
  for (const pid of processTree(child.pid).reverse()) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended in the meantime.
    }
  }
}
