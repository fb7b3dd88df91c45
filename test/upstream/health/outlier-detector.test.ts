import t from "tap";
import type { OutlierConfig } from "../../../core/config/traffic-model.ts";
import { describeEndpoint } from "../../../core/upstream/health/describe.ts";
import { createEndpointMemory } from "../../../core/upstream/health/endpoint-memory.ts";
import { noSlot } from "../../../core/upstream/health/endpoint-slots.ts";
import { EndpointTable } from "../../../core/upstream/health/endpoint-table.ts";
import { mostEjected, OutlierDetector } from "../../../core/upstream/health/outlier-detector.ts";
import { recordingLog } from "../../net/recording-log.ts";
import { chooseSeed, Random } from "../../support/random.ts";
import { testClock } from "./clock.ts";
import { outlierConfig } from "./outlier-config.ts";

/** A cluster of endpoints `e0`, `e1`, ... on a clock that the test moves. */
function cluster(size: number, changes: Partial<OutlierConfig> = {}) {
  const clock = testClock();
  const table = new EndpointTable(createEndpointMemory(), clock.now);
  const log = recordingLog();
  const config = { ...outlierConfig, ...changes };
  const endpoints = Array.from({ length: size }, (_, index) => ({
    slot: table.acquire(`app/e${index}`),
    name: `e${index}`,
  }));
  const slots = endpoints.map(({ slot }) => slot);
  const create = (changed: OutlierConfig = config) => {
    const detector = new OutlierDetector({ table, config: changed, cluster: "app", log });
    detector.setEndpoints(endpoints);
    return detector;
  };
  const detector = create();
  return {
    ...{ clock, table, log, endpoints, slots, detector, create },
    fail(index: number, times: number) {
      for (let time = 0; time < times; time++) detector.onResult(slots[index]!, false, 1);
    },
    succeed(index: number, times: number, latency = 1) {
      for (let time = 0; time < times; time++) detector.onResult(slots[index]!, true, latency);
    },
    /** Moves the clock and lets the detector look. */
    pass(ms: number) {
      clock.pass(ms);
      detector.evaluate();
    },
    ejected: () => slots.flatMap((slot, index) => (table.isEjected(slot) ? [index] : [])),
  };
}

t.test("so many failures in a row leave an endpoint out at once, one less does not", async (t) => {
  const { fail, ejected, log } = cluster(3);
  fail(1, 4);
  t.same(ejected(), []);
  fail(1, 1);
  t.same(ejected(), [1]);
  t.same(log.lines, ["warn endpoint ejected (consecutive_failures 5) for 30 s"]);
});

t.test("a good answer in between starts the row anew", async (t) => {
  const { fail, succeed, ejected } = cluster(3);
  for (let time = 0; time < 10; time++) {
    fail(1, 4);
    succeed(1, 1);
  }
  t.same(ejected(), []);
});

t.test("an endpoint is back when its time is over, not one ms before", async (t) => {
  const { fail, pass, ejected, log } = cluster(3);
  fail(1, 5);
  pass(29_999);
  t.same(ejected(), [1]);
  pass(1);
  t.same(ejected(), []);
  t.equal(log.lines.at(-1), "info endpoint is back");
  fail(1, 4);
  t.same(ejected(), [], "its failures before do not count again");
});

t.test("each further ejection lasts that much longer, up to the longest", async (t) => {
  const { fail, pass, log } = cluster(3);
  for (const seconds of [30, 60, 90, 120, 120]) {
    fail(1, 5);
    t.equal(log.lines.at(-1), `warn endpoint ejected (consecutive_failures 5) for ${seconds} s`);
    pass(seconds * 1000);
    t.equal(log.lines.at(-1), "info endpoint is back");
  }
});

t.test("each whole interval of good conduct makes the next ejection shorter", async (t) => {
  const { fail, pass, log } = cluster(3);
  const ejectFor = (seconds: number) => {
    fail(1, 5);
    t.equal(log.lines.at(-1), `warn endpoint ejected (consecutive_failures 5) for ${seconds} s`);
    pass(seconds * 1000);
  };
  ejectFor(30);
  ejectFor(60);
  pass(9_999);
  ejectFor(90);
  pass(10_000);
  ejectFor(90);
  for (let interval = 0; interval < 10; interval++) pass(10_000);
  ejectFor(30);
});

t.test("a longest ejection below the first one does not shorten that", async (t) => {
  const { fail, log } = cluster(3, { longestEjection: 1000 });
  fail(1, 5);
  t.equal(log.lines.at(-1), "warn endpoint ejected (consecutive_failures 5) for 30 s");
});

t.test("no more are left out than may be, and the next one when another is back", async (t) => {
  const { fail, pass, ejected } = cluster(4);
  for (const index of [0, 1, 2, 3]) fail(index, 5);
  t.same(ejected(), [0, 1]);
  pass(30_000);
  t.same(ejected(), []);
  fail(2, 4);
  t.same(ejected(), [], "it is tried again after as many failures more");
  fail(2, 1);
  t.same(ejected(), [2]);
});

t.test("the share of endpoints that may be left out is counted in whole endpoints", async (t) => {
  t.equal(mostEjected(0, 1), 0);
  t.equal(mostEjected(1, 1), 0, "the only one never is");
  t.equal(mostEjected(2, 0), 1);
  t.equal(mostEjected(2, 1), 2);
  t.equal(mostEjected(10, 0.3), 3);
  t.equal(mostEjected(10, 0.39), 3);
  t.equal(mostEjected(100, 0.29), 29);
});

t.test("the only endpoint of a cluster is never left out", async (t) => {
  const { fail, ejected } = cluster(1);
  fail(0, 100);
  t.same(ejected(), []);
});

t.test("without a number of failures they are not looked at", async (t) => {
  const { fail, ejected } = cluster(3, { consecutiveFailures: 0 });
  fail(1, 1000);
  t.same(ejected(), []);
});

t.test("after an interval the endpoint whose success rate is worse than the rest is left out", async (t) => {
  const { fail, succeed, pass, ejected, log } = cluster(4, { successRateDeviations: 1.9 });
  for (const index of [0, 1, 2, 3]) succeed(index, 80);
  for (let time = 0; time < 10; time++) {
    fail(3, 2);
    succeed(3, 0);
    for (const index of [0, 1, 2]) succeed(index, 2);
    succeed(3, 1);
  }
  pass(9_999);
  t.same(ejected(), []);
  pass(1);
  t.same(ejected(), [3]);
  t.match(log.lines.at(-1), /^warn endpoint ejected \(success_rate 8[0-9] %\) for 30 s$/);
});

t.test("requests of one interval do not count in the next", async (t) => {
  const { fail, succeed, pass, ejected } = cluster(4, { successRateDeviations: 1.9, consecutiveFailures: 0 });
  for (const index of [0, 1, 2, 3]) succeed(index, 60);
  fail(3, 39);
  pass(10_000);
  for (const index of [0, 1, 2]) succeed(index, 100);
  fail(3, 99);
  pass(10_000);
  t.same(ejected(), [], "99 requests are too few in each");
  for (const index of [0, 1, 2]) succeed(index, 100);
  fail(3, 100);
  pass(10_000);
  t.same(ejected(), [3]);
});

t.test("an endpoint that answers so many times more slowly than the median is left out", async (t) => {
  const { succeed, pass, ejected, log } = cluster(4, { latencyFactor: 3 });
  for (const index of [0, 1, 2]) succeed(index, 100, 20);
  succeed(3, 100, 500);
  pass(10_000);
  t.same(ejected(), [3]);
  t.equal(log.lines.at(-1), "warn endpoint ejected (latency 500 ms) for 30 s");
});

t.test("what an endpoint did before it was left out is not held against it when it is back", async (t) => {
  const { fail, succeed, pass, ejected } = cluster(4, { successRateDeviations: 1.9, ejection: 4000 });
  for (const index of [0, 1, 2]) succeed(index, 200);
  succeed(3, 195);
  fail(3, 200);
  t.same(ejected(), [3]);
  pass(4000);
  t.same(ejected(), []);
  succeed(3, 100);
  pass(6000);
  t.same(ejected(), []);
});

t.test("when statistics name more than may be left out the worst are", async (t) => {
  const { fail, succeed, pass, ejected } = cluster(12, {
    successRateDeviations: 1.9,
    mostEjected: 0.1,
    consecutiveFailures: 0,
  });
  for (let index = 0; index < 12; index++) succeed(index, 100);
  fail(4, 60);
  fail(7, 90);
  pass(10_000);
  t.same(ejected(), [7]);
});

t.test(
  "in traffic at random a bad endpoint is left out after one interval, and those that are alike never",
  async (t) => {
    const seed = chooseSeed("OUTLIER_SEED");
    const random = new Random(seed);
    const { detector, slots, pass, ejected, log } = cluster(8, {
      consecutiveFailures: 0,
      successRateDeviations: 1.9,
      latencyFactor: 3,
    });
    const serve = (failureRates: readonly number[]) => {
      for (let request = 0; request < 8 * 500; request++) {
        const index = request % 8;
        const latency = 20 * -Math.log(1 - random.next());
        detector.onResult(slots[index]!, !random.chance(failureRates[index]!), latency);
      }
      pass(10_000);
    };
    const alike = slots.map(() => 0.02);
    for (let interval = 0; interval < 50; interval++) serve(alike);
    t.same(log.lines, [], `seed ${seed}`);
    serve(alike.with(6, 0.2));
    t.same(ejected(), [6], `seed ${seed}`);
  },
);

t.test("results of a slot that the cluster no longer has count for nobody", async (t) => {
  const { table, detector, endpoints, slots } = cluster(3, { successRateDeviations: 1.9 });
  detector.setEndpoints(endpoints.slice(1));
  table.release(slots[0]!);
  const memory = table.memory.words.slice();
  for (let time = 0; time < 100; time++) detector.onResult(slots[0]!, time % 2 === 0, 5);
  detector.onResult(noSlot, false, 5);
  t.same(table.memory.words, memory);
});

t.test("an ejection outlives a reload and ends with the last detector that watches", async (t) => {
  const { detector, create, fail, ejected } = cluster(3);
  fail(1, 5);
  const next = create();
  detector.close();
  t.same(ejected(), [1]);
  next.close();
  t.same(ejected(), []);
});

t.test("an endpoint that leaves the cluster while it is left out makes room for another", async (t) => {
  const { detector, endpoints, table, slots, fail, ejected } = cluster(3);
  fail(0, 5);
  fail(1, 5);
  t.same(ejected(), [0]);
  detector.setEndpoints(endpoints.slice(1));
  table.release(slots[0]!);
  fail(1, 5);
  t.same(ejected(), [1]);
});

t.test("the admin API is told why an endpoint is left out, since when and until when", async (t) => {
  const { table, slots, fail, pass, clock } = cluster(3);
  const start = clock.now();
  pass(1000);
  fail(1, 5);
  const iso = (ms: number) => new Date(ms).toISOString();
  t.same(describeEndpoint(table, slots[1]!, null), {
    state: "ejected",
    since: iso(start + 1000),
    reason: "consecutive_failures 5",
    ejectedUntil: iso(start + 31_000),
    ejections: 1,
    checks: null,
  });
  pass(30_000);
  t.same(describeEndpoint(table, slots[1]!, null), {
    state: "healthy",
    since: iso(start + 31_000),
    reason: null,
    ejectedUntil: null,
    ejections: 1,
    checks: null,
  });
});
