import { once } from "node:events";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import t from "tap";
import type { RetryBudgetConfig } from "../../../core/config/traffic-model.ts";
import { RetryBudget, retryBudgetWords } from "../../../core/upstream/retry/retry-budget.ts";
import type { BudgetThreadData, BudgetThreadLog } from "./budget-thread.ts";

const window = 10_000;

/** A budget on a clock that the test moves, beside a list of everything that it was told. */
class Watched {
  now: number;
  readonly words = new Int32Array(retryBudgetWords);
  readonly requests: number[] = [];
  readonly retries: number[] = [];
  readonly config: RetryBudgetConfig;
  private readonly budget: RetryBudget;

  constructor(config: RetryBudgetConfig, start = 0) {
    this.config = config;
    this.now = start;
    this.budget = new RetryBudget(config, this.words, () => this.now);
  }

  request(times = 1): void {
    for (let i = 0; i < times; i++) {
      this.requests.push(this.now);
      this.budget.onRequest();
    }
  }

  retry(): boolean {
    const allowed = this.budget.tryRetry();
    if (allowed) this.retries.push(this.now);
    return allowed;
  }

  /** Asks until it says no. */
  drain(): number {
    let allowed = 0;
    while (allowed < 100_000 && this.retry()) allowed++;
    return allowed;
  }

  /** How many retries of the last 10 s are too many. */
  get excess(): number {
    return excess(this.requests, this.retries, this.now, this.config);
  }
}

function excess(
  requests: readonly number[],
  retries: readonly number[],
  now: number,
  { ratio, minimum }: RetryBudgetConfig,
): number {
  const recent = (times: readonly number[]) =>
    times.filter((time) => time > now - window && time <= now).length;
  return recent(retries) - (ratio * recent(requests) + minimum * 10);
}

const step = fc.record({
  pass: fc.oneof(fc.constantFrom(0, 1, 999, 1000, 1001, 9_999, 10_000, 10_001, 16_000), fc.nat(3_000)),
  requests: fc.nat(40),
  retries: fc.nat(20),
});

const anyConfig = fc.record({
  ratio: fc.constantFrom(0, 0.1, 0.2, 0.25, 1),
  minimum: fc.constantFrom(0, 1, 3),
});

t.test("retries of the last 10 s never pass the budget, whenever they are asked for", async (t) => {
  fc.assert(
    fc.property(
      anyConfig,
      fc.constantFrom(0, 999, 1_767_225_600_123, 0x3fff_ffff * 1000 - 3_000),
      fc.array(step, { maxLength: 60 }),
      (config, start, steps) => {
        const budget = new Watched(config, start);
        for (const { pass, requests, retries } of steps) {
          budget.now += pass;
          budget.request(requests);
          for (let i = 0; i < retries; i++) {
            if (budget.retry() && budget.excess > 0) return false;
          }
        }
        return true;
      },
    ),
    { numRuns: 500 },
  );
  t.pass();
});

t.test("over any time, retries are a share of the requests and the minimum", async (t) => {
  fc.assert(
    fc.property(anyConfig, fc.array(step, { minLength: 1, maxLength: 100 }), (config, steps) => {
      const budget = new Watched(config, 5_500);
      for (const { pass, requests } of steps) {
        budget.now += pass;
        budget.request(requests);
        budget.drain();
      }
      const windows = Math.ceil((budget.now - 5_500 + 1) / window);
      return budget.retries.length <= config.ratio * budget.requests.length + config.minimum * 10 * windows;
    }),
    { numRuns: 200 },
  );
  t.pass();
});

t.test("the budget is used up to its last retry", async (t) => {
  const budget = new Watched({ ratio: 0.2, minimum: 0 }, 4_000);
  t.equal(budget.drain(), 0, "nothing without requests");
  budget.request(4);
  t.equal(budget.drain(), 0);
  budget.request();
  t.equal(budget.drain(), 1);
  budget.request(99);
  t.equal(budget.drain(), 19);
});

t.test("the minimum needs no requests, and comes back after its time", async (t) => {
  const budget = new Watched({ ratio: 0, minimum: 2 }, 700);
  t.equal(budget.drain(), 20);
  budget.now = 10_699;
  t.equal(budget.drain(), 0, "9999 ms later");
  budget.now = 10_999;
  t.equal(budget.drain(), 0, "the bucket of the first ones still counts as a whole");
  budget.now = 11_000;
  t.equal(budget.drain(), 20);
});

t.test("requests count for at most ten seconds, and at least for the nine after their own", async (t) => {
  for (const [later, allowed] of [
    [0, 1],
    [9_299, 1],
    [9_300, 0],
    [10_000, 0],
    [15_300, 0],
    [16_000, 0],
    [160_000, 0],
  ] as const) {
    const budget = new Watched({ ratio: 0.1, minimum: 0 }, 20_700);
    budget.request(10);
    budget.now += later;
    t.equal(budget.drain(), allowed, `${later} ms later`);
  }
});

t.test("steady load gets its ratio: 100 requests a second that all fail become at most 120", async (t) => {
  const budget = new Watched({ ratio: 0.2, minimum: 0 });
  for (let tick = 0; tick < 60_000; tick += 10) {
    budget.now = tick;
    budget.request();
    budget.retry();
  }
  const share = budget.retries.length / budget.requests.length;
  t.ok(share <= 0.2 && share > 0.17, `${share} retries a request`);
});

t.test("a retry that was refused is not counted", async (t) => {
  const budget = new Watched({ ratio: 0.1, minimum: 0 });
  budget.request(10);
  t.ok(budget.retry());
  for (let i = 0; i < 1000; i++) t.notOk(budget.retry());
  budget.request(10);
  t.ok(budget.retry());
});

t.test("memory of another size is refused", async (t) => {
  t.throws(
    () => new RetryBudget({ ratio: 0, minimum: 0 }, new Int32Array(8)),
    /Cannot count retries: expected 48 words of memory, found 8/,
  );
});

t.test("a thread that ended while it emptied a bucket costs that bucket one round", async (t) => {
  const budget = new Watched({ ratio: 1, minimum: 0 }, 33_000);
  budget.words[33 % 16] = 33 | 0x4000_0000;
  budget.request();
  t.equal(budget.drain(), 0, "what the bucket holds is not known");
  budget.now += 16_000;
  budget.request();
  t.equal(budget.drain(), 1);
});

t.test("a thread that stood still between its clock and its count takes nothing from others", async (t) => {
  const words = new Int32Array(retryBudgetWords);
  const config = { ratio: 0, minimum: 1 };
  const prompt = new RetryBudget(config, words, () => 116_000);
  let allowed = 0;
  const late = new RetryBudget(config, words, () => {
    while (prompt.tryRetry()) allowed++;
    return 100_000;
  });
  t.notOk(late.tryRetry());
  t.equal(allowed, 10);
  t.notOk(prompt.tryRetry());
});

const threads = 4;

/** What the threads did, on one budget and one clock that all of them move. */
async function runThreads(
  config: RetryBudgetConfig,
  retries: number,
  calls: number,
  pace: number,
): Promise<BudgetThreadLog[]> {
  const words = new SharedArrayBuffer(4 * retryBudgetWords);
  const clock = new SharedArrayBuffer(12);
  const time = new Int32Array(clock);
  time[0] = 50_000;
  const logs = Array.from({ length: threads }, async (_, seed) => {
    const workerData: BudgetThreadData = { words, clock, ...config, seed, retries, calls, pace };
    const worker = new Worker(new URL("./budget-thread.ts", import.meta.url), { workerData });
    const [log] = await once(worker, "message");
    return log as BudgetThreadLog;
  });
  while (Atomics.load(time, 1) < threads) await new Promise((resolve) => setTimeout(resolve, 5));
  Atomics.store(time, 2, 1);
  Atomics.notify(time, 2);
  return Promise.all(logs);
}

/** Where a second is 200 calls long, a thread that waits for a processor is minutes behind the others. */
for (const [config, pace] of [
  [{ ratio: 0.2, minimum: 0 }, 128],
  [{ ratio: 0.1, minimum: 5 }, 128],
  [{ ratio: 0, minimum: 30 }, 16],
  [{ ratio: 0, minimum: 3 }, 4],
] as const) {
  t.test(
    `four threads keep one budget of ${config.ratio} and ${config.minimum} while seconds go by`,
    async (t) => {
      const logs = await runThreads(config, 0.6, 100_000, pace);
      const requests = logs.flatMap((log) => [...log.requests]).sort((a, b) => a - b);
      const retries = logs.flatMap((log) => [...log.retries]).sort((a, b) => a - b);
      t.ok(retries.length > 100, `${retries.length} retries for ${requests.length} requests`);
      t.same(firstExcess(requests, retries, config), null);
    },
  );
}

/**
 * The first retry that the ten seconds before it had no room for. Another thread may have read the clock later
 * and still have counted first: requests of the same second are taken to be in time.
 */
function firstExcess(requests: readonly number[], retries: readonly number[], config: RetryBudgetConfig) {
  for (let last = 0, first = 0, from = 0, to = 0; last < retries.length; last++) {
    const now = retries[last]!;
    const secondEnds = (Math.floor(now / 1000) + 1) * 1000;
    while (retries[first]! <= now - window) first++;
    while (from < requests.length && requests[from]! <= now - window) from++;
    while (to < requests.length && requests[to]! < secondEnds) to++;
    const sent = last - first + 1;
    const allowed = config.ratio * (to - from) + config.minimum * 10;
    if (sent > allowed) return { now, sent, allowed };
  }
  return null;
}
