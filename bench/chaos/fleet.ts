/** The services behind a proxy, and what may happen to them. */
import { once } from "node:events";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Child, firstLine, startChild, stopChild } from "../process/child.ts";

const program = fileURLToPath(new URL("./upstream.ts", import.meta.url));
// Below the ports that Linux gives to outgoing connections: one of those must not take the port of a dead service.
const firstPort = 20_000;
const portCount = 10_000;

export interface Conduct {
  /** Added to each answer, in ms. */
  readonly delay: number;
  /** Each n-th answer is a 500; 0: none is. */
  readonly failEvery: number;
}

export class Fleet {
  readonly ports: readonly number[];
  private readonly children: Child[];
  private readonly lifetimeMs: number;

  private constructor(ports: readonly number[], children: Child[], lifetimeMs: number) {
    this.ports = ports;
    this.children = children;
    this.lifetimeMs = lifetimeMs;
  }

  /** @param lifetimeMs after which each service is killed */
  static async start(size: number, lifetimeMs: number): Promise<Fleet> {
    const ports: number[] = [];
    while (ports.length < size) {
      const port = await lowPort();
      if (!ports.includes(port)) ports.push(port);
    }
    return new Fleet(ports, await Promise.all(ports.map((port) => launch(port, lifetimeMs))), lifetimeMs);
  }

  get size(): number {
    return this.children.length;
  }

  /** Without a chance to say good-bye: the kernel resets its connections. */
  async kill(index: number): Promise<void> {
    const child = this.children[index] as Child;
    child.process.kill("SIGKILL");
    await child.ended;
  }

  /** Until it has drained. */
  async terminate(index: number): Promise<void> {
    const child = this.children[index] as Child;
    child.process.kill("SIGTERM");
    await child.ended;
  }

  /** Where it listened before. */
  async startAgain(index: number): Promise<void> {
    this.children[index] = await launch(this.ports[index] as number, this.lifetimeMs);
  }

  /** The kernel goes on accepting connections for it. */
  freeze(index: number): void {
    this.children[index]?.process.kill("SIGSTOP");
  }

  thaw(index: number): void {
    this.children[index]?.process.kill("SIGCONT");
  }

  behave(index: number, conduct: Conduct): void {
    this.children[index]?.process.stdin?.write(`${JSON.stringify(conduct)}\n`);
  }

  async stop(): Promise<void> {
    for (const index of this.children.keys()) this.thaw(index);
    await Promise.all(this.children.map((child) => stopChild(child, 0)));
  }
}

async function launch(port: number, lifetimeMs: number): Promise<Child> {
  const child = await startChild({ file: process.execPath, args: [program, String(port)] }, lifetimeMs);
  await firstLine(child);
  return child;
}

async function lowPort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * portCount);
    const server = net.createServer().listen(port, "127.0.0.1");
    const isFree = await Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false),
    ]).catch(() => false);
    server.close();
    if (isFree) return port;
    await delay(1);
  }
}
