/** A thread that works on a shared table of endpoints. */
import { parentPort, workerData } from "node:worker_threads";
import { slotStart, slotWord } from "../../../core/upstream/health/endpoint-memory.ts";
import { noSlot } from "../../../core/upstream/health/endpoint-slots.ts";
import { EndpointTable } from "../../../core/upstream/health/endpoint-table.ts";
import { OutlierDetector } from "../../../core/upstream/health/outlier-detector.ts";
import { recordingLog } from "../../net/recording-log.ts";
import { Random } from "../../support/random.ts";
import { outlierConfig } from "./outlier-config.ts";

export type Job = "count" | "acquire" | "churn" | "fail";

export interface HealthThreadData {
  readonly memory: SharedArrayBuffer;
  readonly job: Job;
  readonly thread: number;
  /** One word: threads begin together when it is not 0. */
  readonly gate: SharedArrayBuffer;
}

const { memory, job, thread, gate } = workerData as HealthThreadData;
const table = new EndpointTable(memory);
const log = recordingLog();

const jobs: Record<Job, () => unknown> = {
  /** 500 000 results for one endpoint, each fifth of them bad, each good one after 3 ms. */
  count() {
    const slot = table.acquire("app/hot");
    const config = { ...outlierConfig, consecutiveFailures: 0, latencyFactor: 3, successRateDeviations: 1 };
    const detector = new OutlierDetector({ table, config, cluster: "app", log });
    detector.setEndpoints([{ slot, name: "hot" }]);
    begin();
    for (let turn = 0; turn < 500_000; turn++) detector.onResult(slot, turn % 5 !== 0, 3);
    return slot;
  },
  /** Takes the same 300 endpoints as the other threads, each in an order of its own. */
  acquire() {
    const random = new Random(thread + 1);
    const keys = Array.from({ length: 300 }, (_, index) => index).sort(() => random.next() - 0.5);
    const slots: number[] = [];
    begin();
    for (const key of keys) slots[key] = table.acquire(`app/${key}`);
    return slots;
  },
  /**
   * Takes and gives back few keys, and counts in each slot that it holds under the key's number. Two endpoints in
   * one slot, or one in two, leave another count than there were turns.
   */
  churn() {
    const random = new Random(thread + 1);
    const faults: string[] = [];
    begin();
    for (let turn = 0; turn < 20_000; turn++) {
      const key = random.int(1, 12);
      const slot = table.acquire(`app/${key}`);
      if (slot === noSlot) {
        faults.push(`no room for ${key}`);
        continue;
      }
      const at = slotStart(slot) + slotWord.requests;
      // 0: nobody held it before; who comes first marks the slot with its key.
      const mark = Atomics.compareExchange(table.memory.words, at, 0, key);
      if (mark !== 0 && mark !== key) faults.push(`${key} has the slot of ${mark}`);
      table.release(slot);
    }
    return faults.slice(0, 3);
  },
  /** Fails on every endpoint of a cluster of ten until it has tried long enough. */
  fail() {
    const endpoints = Array.from({ length: 10 }, (_, index) => ({
      slot: table.acquire(`app/${index}`),
      name: `${index}`,
    }));
    const detector = new OutlierDetector({ table, config: outlierConfig, cluster: "app", log });
    detector.setEndpoints(endpoints);
    begin();
    let most = 0;
    for (let turn = 0; turn < 20_000; turn++) {
      detector.onResult(endpoints[(turn + thread) % 10]!.slot, false, 1);
      most = Math.max(most, endpoints.filter(({ slot }) => table.isEjected(slot)).length);
    }
    return { most, lines: log.lines.length };
  },
};

function begin(): void {
  parentPort!.postMessage("ready");
  Atomics.wait(new Int32Array(gate), 0, 0);
}

parentPort!.postMessage(jobs[job]());
