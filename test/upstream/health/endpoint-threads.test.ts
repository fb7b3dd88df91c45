/** Real threads on one table of endpoints. */
import { on } from "node:events";
import { Worker } from "node:worker_threads";
import t from "tap";
import { createEndpointMemory } from "../../../core/upstream/health/endpoint-memory.ts";
import { EndpointTable } from "../../../core/upstream/health/endpoint-table.ts";
import { IntervalCounts } from "../../../core/upstream/health/interval-counts.ts";
import type { HealthThreadData, Job } from "./health-thread.ts";

const threads = 4;

/** Lets threads do a job at the same time, and returns what each found. */
async function runThreads<Found>(memory: SharedArrayBuffer, job: Job): Promise<Found[]> {
  const gate = new SharedArrayBuffer(4);
  const workers = Array.from({ length: threads }, (_, thread) => {
    const workerData: HealthThreadData = { memory, job, thread, gate };
    return new Worker(new URL("./health-thread.ts", import.meta.url), { workerData });
  });
  const messages = workers.map((worker) => on(worker, "message"));
  await Promise.all(messages.map((message) => message.next()));
  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  const found = await Promise.all(
    messages.map(async (message) => ((await message.next()).value as [Found])[0]),
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  return found;
}

t.test("what four threads count of one endpoint is exact", async (t) => {
  const memory = createEndpointMemory();
  const table = new EndpointTable(memory);
  const counts = new IntervalCounts(table.memory, table.acquire("app/hot"));
  const slots = await runThreads<number>(memory, "count");
  t.equal(new Set(slots).size, 1);
  t.same(counts.take(), {
    requests: threads * 500_000,
    successRate: 0.8,
    answers: threads * 400_000,
    latency: 3,
  });
});

t.test("four threads that take the same endpoints at once get the same slots", async (t) => {
  const memory = createEndpointMemory(512);
  const [first, ...others] = await runThreads<number[]>(memory, "acquire");
  for (const slots of others) t.same(slots, first);
  t.equal(new Set(first).size, 300);
  const table = new EndpointTable(memory);
  t.equal(table.size, 300);
  for (const slot of first!) for (let thread = 0; thread < threads; thread++) table.release(slot);
  t.equal(table.size, 0);
});

t.test(
  "four threads that take and give back all the time never share a slot between endpoints",
  async (t) => {
    const memory = createEndpointMemory(16);
    t.same(await runThreads(memory, "churn"), [[], [], [], []]);
    t.equal(new EndpointTable(memory).size, 0);
  },
);

t.test("four threads that see everything fail leave out no more than may be", async (t) => {
  const memory = createEndpointMemory();
  const found = await runThreads<{ most: number; lines: number }>(memory, "fail");
  for (const { most } of found) t.equal(most, 5);
  const lines = found.reduce((sum, thread) => sum + thread.lines, 0);
  t.equal(lines, 5, "each ejection is told once");
  t.equal(new EndpointTable(memory).version, 5);
});
