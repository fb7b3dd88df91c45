/** `FAULT_ABORTS` is the number of requests, `FAULT_SEED` repeats a run. */
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import t from "tap";
import { until } from "../net/until.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { quietConfig, startQuietGateway } from "../support/quiet-gateway.ts";
import { chooseSeed } from "../support/random.ts";
import type { AbortClientsData } from "./abort-clients-thread.ts";

t.setTimeout(5 * 60_000);

const requests = Number(process.env["FAULT_ABORTS"] ?? 10_000);
/** Bytes that a gateway with nothing to do may hold more than before; one leaked exchange has some 5 kB. */
const mostGrowth = 4 * 1024 ** 2;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

t.test("requests whose clients go away at random leave nothing behind", async (t) => {
  const seed = chooseSeed("FAULT_SEED");
  t.comment(`FAULT_SEED=${seed}`);
  const service = startThread("./abort-service-thread.ts", null);
  const [port] = (await once(service, "message")) as [number];
  await using proxy = await startQuietGateway(
    quietConfig([port], {
      // Fewer than there are clients: some go away while their request waits for a connection.
      cluster: { maxConnections: 16 },
      clusterTimeouts: { poolIdle: 300 },
      timeouts: { bodyIdle: 1000, writeIdle: 1000, head: 1000 },
    }),
  );
  const data: AbortClientsData = { port: proxy.port, seed, concurrency: 48 };
  const clients = startThread("./abort-clients-thread.ts", data);
  const sockets = countSockets();

  const ask = async (count: number): Promise<void> => {
    clients.postMessage(count);
    await once(clients, "message");
    t.same(await untilNothingHeld(proxy, 10_000), nothingHeld, `seed ${seed}: nothing is held`);
    await until(() => countSockets() <= sockets);
  };
  // What is allocated once and kept, such as buffers and compiled code, comes with the first requests.
  await ask(Math.ceil(requests / 5));
  const before = heldMemory();
  await ask(requests);
  const growth = heldMemory() - before;
  t.ok(growth < mostGrowth, `${growth} bytes more after ${requests} requests`);
  await Promise.all([service.terminate(), clients.terminate()]);
});

function startThread(module: string, workerData: AbortClientsData | null): Worker {
  return new Worker(new URL(module, import.meta.url), { workerData });
}

/** TCP connections of this thread, and whatever waits for them. */
function countSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => /TCP(Socket|Connect)|Shutdown|Write/.test(kind))
    .length;
}

/** Bytes in use, in the heap of this thread and in its buffers. */
function heldMemory(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
