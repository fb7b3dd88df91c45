import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Standard output and error so far, interleaved. */
  readonly output: string;
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /**
   * Waits until the output matches.
   * @throws Error with the output when the program ends first
   */
  said(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** ms that a program has to end by itself when its test is over. */
const patience = 5_000;

/**
 * Starts a program for a test; disposing of it ends it.
 *
 * @example
 * await using sluice = startProgram(process.execPath, ["core/cli/main.ts", "--upstream", url]);
 * await sluice.said(/listening/);
 */
export function startProgram(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Program {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  });
  const exited = once(child, "exit");
  const ended = once(child, "close").then(([code, signal]): number | NodeJS.Signals => code ?? signal);
  const heard = new EventTarget();
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      heard.dispatchEvent(new Event("text"));
    });
  }
  return {
    pid: child.pid ?? 0,
    ended,
    get output() {
      return output;
    },
    async said(pattern) {
      const isOver = ended.then(() => true);
      while (!pattern.test(output)) {
        const over = await Promise.race([once(heard, "text").then(() => false), isOver]);
        if (over && !pattern.test(output))
          throw new Error(`Waited for ${pattern}, ${command} ended: ${output}`);
      }
    },
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), patience);
      await exited;
      clearTimeout(timer);
      // What the program itself started may hold the pipes open.
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}
