/** The endpoints of a ledger run, on a thread of their own. */
import { parentPort, workerData } from "node:worker_threads";
import { listenLocally } from "../support/free-port.ts";
import { Random } from "../support/random.ts";
import type { Fault } from "./faults.ts";
import { type Arrival, createFaultyEndpoint } from "./faulty-endpoint.ts";

export interface EndpointsData {
  readonly seed: number;
  readonly count: number;
  readonly echo: boolean;
  readonly without: readonly Fault[];
  readonly retries: boolean;
}

const { seed, count, echo, without, retries } = workerData as EndpointsData;
const deliveries = new Map<string, Arrival[]>();
const servers = Array.from({ length: count }, (_, i) =>
  createFaultyEndpoint({ random: new Random(seed + i), echo, without, retries, deliveries }),
);
const ports: number[] = [];
for (const server of servers) ports.push(await listenLocally(server));

parentPort!.once("message", () => {
  parentPort!.postMessage([...deliveries.values()].flat().map(({ delivery }) => delivery));
  process.exit();
});
parentPort!.postMessage(ports);
