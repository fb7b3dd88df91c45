import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

const program = resolve("node_modules/typescript/lib/tsserver.js");

interface Answer {
  readonly type: string;
  readonly request_seq?: number;
  readonly body?: unknown;
}

/** TypeScript's server of editors: it chooses the program of a file that is opened, as they do. */
export class TypeServer implements AsyncDisposable {
  readonly #child = spawn(process.execPath, [program, "--disableAutomaticTypingAcquisition"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  readonly #answers = new Map<number, (body: unknown) => void>();
  readonly #ended = once(this.#child, "close");
  #sent = 0;

  constructor() {
    let rest = "";
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.startsWith("{")) this.#take(JSON.parse(line));
    });
  }

  /** What an editor underlines, as `LINE:COLUMN MESSAGE`. */
  async problems(file: string): Promise<readonly string[]> {
    this.#send("open", { file });
    const found = await Promise.all([
      this.#ask("syntacticDiagnosticsSync", { file }),
      this.#ask("semanticDiagnosticsSync", { file }),
    ]);
    const problems = found.flat() as { start: { line: number; offset: number }; text: string }[];
    return problems.map(({ start, text }) => `${start.line}:${start.offset} ${text}`);
  }

  /** What an editor shows of the name at a place. */
  async typeAt(file: string, line: number, offset: number): Promise<string> {
    const { displayString } = (await this.#ask("quickinfo", { file, line, offset })) as {
      displayString: string;
    };
    return displayString;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }

  #ask(command: string, args: object): Promise<unknown> {
    return new Promise((resolve) => this.#answers.set(this.#send(command, args), resolve));
  }

  #send(command: string, args: object): number {
    const seq = ++this.#sent;
    this.#child.stdin.write(`${JSON.stringify({ seq, type: "request", command, arguments: args })}\n`);
    return seq;
  }

  #take({ type, request_seq = 0, body }: Answer): void {
    if (type === "response") this.#answers.get(request_seq)?.(body);
  }
}
