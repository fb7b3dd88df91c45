/** The clients of a ledger run, on a thread of their own. */
import { parentPort, workerData } from "node:worker_threads";
import { Random } from "../support/random.ts";
import { Client } from "./client.ts";

export interface ClientsData {
  readonly seed: number;
  readonly count: number;
  readonly port: number;
}

const { seed, count, port } = workerData as ClientsData;
const clients = Array.from({ length: count }, (_, i) => new Client(port, `c${i}`, new Random(seed - 1 - i)));
const runs = clients.map((client) => client.run());

parentPort!.once("message", async () => {
  for (const client of clients) client.stop();
  await Promise.all(runs);
  parentPort!.postMessage(clients.flatMap((client) => client.entries));
});
