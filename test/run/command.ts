import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";

export interface CommandOptions {
  /** ms until the command and everything it started is killed. */
  readonly timeout: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with standard output as it arrives. */
  readonly onStdout?: (text: string) => void;
}

export interface CommandResult {
  readonly ok: boolean;
  /** How it ended, for people: `exit code 1`, `killed by SIGSEGV`, `no end after 120 s`. */
  readonly ending: string;
  /** Standard output and error, interleaved. */
  readonly output: string;
  readonly milliseconds: number;
}

const running = new Set<ChildProcess>();

/**
 * Runs a program to its end, in a process group of its own: whatever it started ends with it.
 * Never throws; a program that cannot be started is a result like any other.
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const start = performance.now();
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, ...options.env },
  });
  running.add(child);

  let overdue = false;
  const timer = setTimeout(() => {
    overdue = true;
    killGroup(child);
    // A descendant that left the group may hold the pipes open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  }, options.timeout);

  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    options.onStdout?.(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });

  const finish = (ok: boolean, ending: string) => {
    clearTimeout(timer);
    running.delete(child);
    resolve({ ok, ending, output, milliseconds: performance.now() - start });
  };
  child.on("error", (error) => finish(false, error.message));
  child.on("exit", () => killGroup(child));
  child.on("close", (code, signal) => {
    if (overdue) finish(false, `no end after ${options.timeout / 1000} s`);
    else if (signal) finish(false, `killed by ${signal}`);
    else finish(code === 0, `exit code ${code}`);
  });
  return promise;
}

/** On SIGINT and SIGTERM, kills every command that still runs and leaves as shells expect. */
export function stopWithCommands(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      for (const child of running) killGroup(child);
      process.exit(128 + constants.signals[signal]);
    });
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Every process of the group is gone already.
  }
}
