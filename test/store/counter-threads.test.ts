/** Real threads on the same counters. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t from "tap";
import { SharedCounters } from "../../core/store/counters/shared-counters.ts";
import { createStoreMemory } from "../../core/store/shared/store-memory.ts";
import type { Job, StoreThreadData } from "./store-thread.ts";

t.setTimeout(60_000);

const threads = 4;

async function runThread(memory: SharedArrayBuffer, job: Job, thread: number): Promise<unknown> {
  const workerData: StoreThreadData = { memory, job, thread };
  const worker = new Worker(new URL("./store-thread.ts", import.meta.url), { workerData });
  const [answer] = await once(worker, "message");
  return answer;
}

/** What each of the threads came to, and the counters that they left. */
async function run(job: Job) {
  const memory = createStoreMemory();
  const answers = await Promise.all(
    Array.from({ length: threads }, (_, thread) => runThread(memory, job, thread)),
  );
  return { counters: new SharedCounters(memory), answers: answers as number[] };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

t.test("four threads that add at once: not one is lost", async (t) => {
  const { counters } = await run("add");
  t.equal(counters.get("plugin", "hot"), threads * 25_000);
  t.equal(counters.get("plugin", "warm 1"), threads * 12_500);
  t.equal(counters.get("plugin", "warm 3"), threads * 12_500);
});

t.test("four threads that want 8 000 within a limit of 1 000 get 1 000 of them", async (t) => {
  const { counters, answers } = await run("limited");
  t.equal(sum(answers), 1000);
  t.equal(counters.get("plugin", "limited"), 1000);
});

t.test("of four threads that swap a number one wins each time", async (t) => {
  const { counters, answers } = await run("swap");
  t.ok(sum(answers) >= 20_000, `${answers}`);
  t.equal(counters.get("plugin", "swapped"), sum(answers));
});

t.test("four threads that want 8 000 of a bucket of 1 000 get 1 000 of them", async (t) => {
  const { answers } = await run("take");
  t.equal(sum(answers), 1000);
});

t.test("who had to wait for the lock goes by the time after that", async (t) => {
  const memory = createStoreMemory();
  const counters = new SharedCounters(memory);
  const workerData: StoreThreadData = { memory, job: "hold for a while", thread: 0 };
  const worker = new Worker(new URL("./store-thread.ts", import.meta.url), { workerData });
  await once(worker, "message");
  const { full } = counters.take("plugin", "bucket", 1, { rate: 1 / 1000, burst: 10 });
  const [released] = (await once(worker, "message")) as [number];
  const decided = full - 1000;
  t.ok(decided >= released, `decided at ${decided}, released at ${released}`);
});
