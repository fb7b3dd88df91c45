import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { freePort } from "./free-port.ts";

/** A Redis server of a test's own, on a free port; it keeps nothing. */
export class RedisServer {
  readonly port: number;
  private readonly args: readonly string[];
  private readonly folder = mkdtempSync(join(tmpdir(), "sluice-redis-"));
  private child: ChildProcess | null = null;

  constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.args = args;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder];
    this.child = spawn("redis-server", [...own, "--save", "", "--appendonly", "no", ...this.args], {
      stdio: "ignore",
    });
    while (!/^[+-]/.test(await this.say("PING").catch(() => ""))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.child?.pid !== undefined) process.kill(this.child.pid, name);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks on a connection of its own, and gives what was answered as it came. */
  say(...words: string[]): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connect(this.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (part) => {
      text += part;
      if (isWhole(text)) socket.destroy();
    });
    socket.on("close", () => resolve(text));
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join("")}`);
    return promise;
  }

  /** Lines of an answer that is a list of texts. */
  async list(...words: string[]): Promise<string[]> {
    const lines = (await this.say(...words)).split("\r\n");
    return lines.slice(1, -1).filter((_, index) => index % 2 === 1);
  }

  /** How often a command has run, since the server started or its counts were reset (`CONFIG RESETSTAT`). */
  async calls(command: string): Promise<number> {
    const statistics = await this.say("INFO", "commandstats");
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(statistics)?.[1] ?? 0);
  }
}

/** Whether an answer is there: what tests ask for is a line, a text, or a list of texts. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n");
  if (end < 0) return false;
  const size = Number(text.slice(1, end));
  if (text[0] === "$") return size < 0 || text.length >= end + 2 + size + 2;
  if (text[0] !== "*") return true;
  let at = end + 2;
  for (let item = 0; item < size; item++) {
    const head = text.indexOf("\r\n", at);
    if (head < 0) return false;
    at = head + 2 + Number(text.slice(at + 1, head)) + 2;
  }
  return text.length >= at;
}

/** A server that answers; it is gone when the test ends. */
export async function startRedis(t: Test, ...args: string[]): Promise<RedisServer> {
  const server = new RedisServer(await freePort(), args);
  t.teardown(() => server.end());
  await server.start();
  return server;
}
