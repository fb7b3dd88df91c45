/** A thread that uses a budget as fast as it can, on a clock that the test moves. */
import { parentPort, workerData } from "node:worker_threads";
import { RetryBudget } from "../../../core/upstream/retry/retry-budget.ts";
import { Random } from "../../support/random.ts";

export interface BudgetThreadData {
  readonly words: SharedArrayBuffer;
  /** The time in ms, and the number of threads that are ready. */
  readonly clock: SharedArrayBuffer;
  readonly ratio: number;
  readonly minimum: number;
  readonly seed: number;
  /** Share of retries among the calls. */
  readonly retries: number;
  readonly calls: number;
  /** Calls in which about 20 ms go by. */
  readonly pace: number;
}

/** For each call the time that the budget saw: of a request, or of a retry that it allowed. */
export interface BudgetThreadLog {
  readonly requests: Float64Array;
  readonly retries: Float64Array;
}

const { words, clock, ratio, minimum, seed, retries, calls, pace } = workerData as BudgetThreadData;
const time = new Int32Array(clock);
const random = new Random(seed);
let seen = 0;
const budget = new RetryBudget({ ratio, minimum }, new Int32Array(words), () => {
  seen = Atomics.load(time, 0);
  return seen;
});

Atomics.add(time, 1, 1);
Atomics.notify(time, 1);
const log: { requests: number[]; retries: number[] } = { requests: [], retries: [] };
Atomics.wait(time, 2, 0);
for (let call = 0; call < calls; call++) {
  if (!random.chance(retries)) {
    budget.onRequest();
    log.requests.push(seen);
  } else if (budget.tryRetry()) {
    log.retries.push(seen);
  }
  if (random.chance(1 / pace)) Atomics.add(time, 0, random.int(1, 40));
}
parentPort!.postMessage({
  requests: new Float64Array(log.requests),
  retries: new Float64Array(log.retries),
} satisfies BudgetThreadLog);
