import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { dataProcessOf } from "../support/child-processes.ts";

const binary = fileURLToPath(new URL("../../core/cli/main.ts", import.meta.url));

export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The command as an operator runs it. */
export class RunningSluice {
  readonly child: ChildProcess;
  readonly lines: LogLine[] = [];
  stderr = "";
  #changed = Promise.withResolvers<void>();

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [binary, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
    });
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      this.lines.push(JSON.parse(line));
      this.#notify();
    });
    this.child.once("exit", () => this.#notify());
  }

  /** The first line from `from` on that has this message, once it is there. */
  async line(message: string, from = 0): Promise<LogLine> {
    for (;;) {
      const found = this.lines.slice(from).find((line) => line.msg === message);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null) {
        throw new Error(`Cannot wait for "${message}": exit code ${this.child.exitCode}, ${this.stderr}`);
      }
      await this.#changed.promise;
    }
  }

  /** URL of the first listener. */
  async url(): Promise<string> {
    const { listeners } = await this.line("Sluice is listening");
    return `http://${(listeners as string[])[0]}`;
  }

  async adminUrl(): Promise<string> {
    return `http://${(await this.line("Sluice is listening"))["admin"]}`;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async exitCode(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit");
    return this.child.exitCode;
  }

  /** Process id of the data process, from the system's process table. */
  dataPid(): number {
    const pid = dataProcessOf(this.child.pid!);
    if (pid === null) throw new Error("Cannot find the data process");
    return pid;
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** Starts the command; it is gone when the test ends. */
export function startSluice(t: Test, ...args: string[]): RunningSluice {
  const sluice = new RunningSluice(args);
  t.teardown(async () => {
    sluice.child.kill("SIGKILL");
    await sluice.exitCode();
  });
  return sluice;
}
