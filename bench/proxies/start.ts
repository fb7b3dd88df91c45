import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ask } from "../load/ask.ts";
import { connect, requestBytes } from "../load/connection.ts";
import type { Load, Target } from "../load/load.ts";
import { type Child, failure, hasEnded, startChild, stopChild } from "../process/child.ts";
import { freePort } from "../process/port.ts";
import type { Certificate, ProxyServer } from "./proxy.ts";

const startTimeoutMs = 20_000;
const attemptTimeoutMs = 5000;
const retryMs = 2;

export interface Place {
  readonly upstreamPort: number;
  /** Directory that holds everything temporary of the run. */
  readonly directory: string;
  readonly tls: Certificate | null;
  readonly routes: number;
  /** After this the proxy is killed, in ms. */
  readonly lifetimeMs: number;
  /** Added to the environment of the proxy. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningProxy {
  readonly proxy: ProxyServer;
  readonly child: Child;
  readonly target: Target;
  /** Where it was configured. */
  readonly directory: string;
  /** From spawning the process to the end of its first proxied response, in ms. */
  readonly startMs: number;
}

/**
 * Starts a proxy and waits until it answers the first request of the load with the upstream's response.
 *
 * @throws when the proxy ends, does not answer within 20 s, or does not do its work
 */
export async function startProxy(proxy: ProxyServer, place: Place, load: Load): Promise<RunningProxy> {
  const target = { port: await freePort(), tls: place.tls !== null };
  const directory = await mkdtemp(join(place.directory, `${proxy.name}-`));
  const command = await proxy.prepare({ ...place, port: target.port, directory });
  const spawnedAt = performance.now();
  const child = await startChild({ ...command, env: { ...command.env, ...place.env } }, place.lifetimeMs);
  try {
    await firstResponse(child, target, load, spawnedAt + startTimeoutMs);
    const startMs = performance.now() - spawnedAt;
    await proxy.check?.(target);
    return { proxy, child, target, directory, startMs };
  } catch (error) {
    await stopChild(child);
    throw error;
  }
}

async function firstResponse(child: Child, target: Target, load: Load, deadline: number): Promise<void> {
  const once: Load = { ...load, method: "GET", body: "", close: true };
  const request = requestBytes(once, target)[0] as Buffer;
  while (performance.now() < deadline) {
    const socket = connect(target);
    const answered = await ask(socket, request, attemptTimeoutMs);
    socket.destroy();
    if (answered) return;
    if (hasEnded(child)) throw failure(child, "it ended before it answered");
    await delay(retryMs);
  }
  throw failure(child, `it did not answer within ${startTimeoutMs} ms`);
}
