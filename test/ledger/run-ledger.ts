/** One run: clients, a gateway and faulty endpoints, each on a thread of its own. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Config } from "../../core/config/model.ts";
import { type Holdings, untilNothingHeld } from "../support/holdings.ts";
import { quietConfig, startQuietGateway } from "../support/quiet-gateway.ts";
import type { ClientsData } from "./clients-thread.ts";
import type { EndpointsData } from "./endpoints-thread.ts";
import type { ClientEntry, Delivery } from "./entries.ts";
import type { Fault } from "./faults.ts";

export interface LedgerOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Whether endpoints send X-Request-Id back. */
  readonly echo: boolean;
  readonly without?: readonly Fault[];
  /** Whether failed attempts are retried. */
  readonly retries?: boolean;
}

export interface Ledger {
  readonly entries: readonly ClientEntry[];
  readonly deliveries: readonly Delivery[];
  /** What the gateway held when every client had gone and every timeout had passed. */
  readonly left: Holdings;
}

const clientCount = 24;
const endpointCount = 4;
/** A reload forgives endpoints their surplus bytes: between two, their connections are reused. ms. */
const reloadInterval = 700;
/** Longer than any timeout of the run, ms. */
const longest = 4000;

export async function runLedger(options: LedgerOptions): Promise<Ledger> {
  const { seed, seconds, echo, without = [], retries = false } = options;
  const endpointsData: EndpointsData = { seed, count: endpointCount, echo, without, retries };
  const endpoints = startThread("./endpoints-thread.ts", endpointsData);
  const ports = await nextMessage<number[]>(endpoints);
  await using proxy = await startQuietGateway(configFor(ports, 1000, retries));
  const clientsData: ClientsData = { seed, count: clientCount, port: proxy.port };
  const clients = startThread("./clients-thread.ts", clientsData);
  for (let left = (seconds * 1000) / reloadInterval, round = 1; left > 0; left--, round++) {
    await sleep(reloadInterval);
    await proxy.gateway.apply(configFor(ports, 1000 + (round % 2), retries));
  }
  const entries = await stop<readonly ClientEntry[]>(clients);
  const left = await untilNothingHeld(proxy, longest);
  const deliveries = await stop<readonly Delivery[]>(endpoints);
  return { entries, deliveries, left };
}

function configFor(ports: readonly number[], poolIdle: number, retries: boolean): Config {
  return quietConfig(ports, {
    timeouts: { head: 2000, bodyIdle: 1000, keepAlive: 2000, writeIdle: 2000 },
    clusterTimeouts: { connect: 2000, responseHead: 300, responseIdle: 400, poolIdle },
    // Fewer than the clients need at times: requests wait for connections, too.
    cluster: { maxConnections: 6, maxPending: clientCount },
    trustedProxies: ["127.0.0.1"],
    retries,
  });
}

function startThread(module: string, workerData: ClientsData | EndpointsData): Worker {
  return new Worker(new URL(module, import.meta.url), { workerData });
}

async function stop<Report>(thread: Worker): Promise<Report> {
  const report = nextMessage<Report>(thread);
  thread.postMessage("stop");
  const result = await report;
  await thread.terminate();
  return result;
}

async function nextMessage<T>(thread: Worker): Promise<T> {
  const [message] = await once(thread, "message");
  return message as T;
}
