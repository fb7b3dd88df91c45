import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { type Program, startProgram } from "../support/program.ts";

/** How a command line ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `sluice` as it serves. */
export interface ServingSluice extends AsyncDisposable {
  readonly program: Program;
  /** `http://` and the address of the first listener. */
  readonly url: string;
  /** `http://` and the address of the admin listener. */
  readonly admin: string;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** The `sluice` command of an installed package. */
export class InstalledSluice {
  /** Where the package is installed. */
  readonly folder: string;
  readonly #binary: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.folder = folder;
    this.#binary = join(folder, "node_modules", ".bin", "sluice");
    // The binary's first line asks for the `node` of the PATH: that of this test, then.
    this.#env = { ...process.env, PATH: dirname(process.execPath) + delimiter + process.env["PATH"] };
  }

  /** The file of the package, from its root. */
  read(file: string): string {
    return readFileSync(join(this.folder, "node_modules", "sluice", file), "utf8");
  }

  /** Runs a command line that ends by itself. */
  async run(args: readonly string[], cwd = this.folder): Promise<Finished> {
    const child = spawn(this.#binary, args, { cwd, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { code, stdout, stderr };
  }

  /** Starts it, on ports that the system chooses unless the arguments or variables say otherwise. */
  start(args: readonly string[], options: StartOptions = {}): Program {
    const anyPort = { SLUICE_LISTEN: "127.0.0.1:0", SLUICE_ADMIN: "127.0.0.1:0" };
    return startProgram(this.#binary, args, {
      cwd: options.cwd ?? this.folder,
      env: { ...this.#env, ...anyPort, ...options.env },
    });
  }

  /** Starts it, and waits until it serves. */
  async serve(args: readonly string[], options: StartOptions = {}): Promise<ServingSluice> {
    const program = this.start(args, options);
    await program.said(/"Sluice is listening".*\n/);
    const { listeners, admin } = JSON.parse(/^.*Sluice is listening.*$/m.exec(program.output)![0]);
    return {
      program,
      url: `http://${listeners[0]}`,
      admin: `http://${admin}`,
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  }
}
