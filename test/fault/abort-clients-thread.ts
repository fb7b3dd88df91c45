/** Clients of which most go away in the middle of something, on a thread of their own. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { Random } from "../support/random.ts";
import { reset } from "../support/reset.ts";

export interface AbortClientsData {
  readonly port: number;
  readonly seed: number;
  readonly concurrency: number;
}

const { port, seed, concurrency } = workerData as AbortClientsData;
const random = new Random(seed);

parentPort!.on("message", async (requests: number) => {
  let left = requests;
  const run = async () => {
    while (left-- > 0) await ask();
  };
  await Promise.all(Array.from({ length: concurrency }, run));
  parentPort!.postMessage("done");
});

/** One request on a connection of its own; two of three are given up at a random moment. */
async function ask(): Promise<void> {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  if (!random.chance(0.02)) await Promise.race([once(socket, "connect").catch(() => {}), closed]);
  socket.write(request());
  if (random.chance(0.33)) {
    await Promise.race([drained(socket), closed]);
  } else {
    if (random.chance(0.5)) socket.resume();
    await sleep(random.int(0, 6));
  }
  if (random.chance(0.5)) reset(socket);
  else socket.destroy();
  await closed;
}

function request(): string {
  const size = random.pick([0, 0, 1_000, 300_000]);
  const path = `/${random.int(0, 200_000)}`;
  if (size === 0) return `GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`;
  // Half of them never send the whole body.
  const sent = random.chance(0.5) ? size : random.int(0, size);
  return `POST ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(sent)}`;
}

/** Reads until the other side ends, or for as long as anyone would wait. */
async function drained(socket: Socket): Promise<void> {
  socket.resume();
  await Promise.race([new Promise((resolve) => socket.once("end", resolve)), sleep(500)]);
}
