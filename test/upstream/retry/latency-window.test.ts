import fc from "fast-check";
import t from "tap";
import { hedgeAfter } from "../../../core/upstream/retry/hedge.ts";
import { LatencyWindow } from "../../../core/upstream/retry/latency-window.ts";
import { Random } from "../../support/random.ts";

/** A window on a clock that the test moves. */
function windowWithClock(period = 10_000) {
  const clock = { now: 5_000 };
  const window = new LatencyWindow(() => clock.now, period);
  const add = (latency: number, times: number) => {
    for (let i = 0; i < times; i++) window.add(latency);
  };
  return { clock, window, add };
}

t.test("a percentile is at most 3.2 % off, or a thousandth of a millisecond", async (t) => {
  const latency = fc.oneof(
    fc.double({ min: 0, max: 50, noNaN: true }),
    fc.double({ min: 0, max: 2e6, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.array(latency, { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.001, 0.5, 0.9, 0.95, 0.99, 1),
      (latencies, share) => {
        const { window } = windowWithClock();
        for (const one of latencies) window.add(one);
        const exact = latencies.sort((a, b) => a - b)[Math.max(1, Math.ceil(share * latencies.length)) - 1]!;
        return Math.abs(window.percentile(share) - exact) <= Math.max(exact * 0.032, 0.001);
      },
    ),
    { numRuns: 500 },
  );
  t.pass();
});

t.test("latencies beyond the scale are its end, and those below 0 its beginning", async (t) => {
  const { window, clock } = windowWithClock();
  window.add(1e12);
  t.ok(window.percentile(1) > 2e6);
  clock.now += 20_000;
  window.add(-5);
  t.ok(window.percentile(1) < 0.001);
});

t.test("percentiles of a skewed distribution are those of its formula", async (t) => {
  const random = new Random(7);
  const { window } = windowWithClock();
  for (let i = 0; i < 100_000; i++) window.add(-20 * Math.log(1 - random.next()));
  for (const share of [0.5, 0.9, 0.95, 0.99]) {
    const exact = -20 * Math.log(1 - share);
    t.ok(
      Math.abs(window.percentile(share) / exact - 1) < 0.05,
      `${share}: ${window.percentile(share)} for ${exact}`,
    );
  }
});

t.test("a latency counts for a whole period, and not for longer than two", async (t) => {
  const pass = fc.oneof(fc.constantFrom(0, 1, 999, 1_000, 1_001, 1_999, 2_000), fc.nat(700));
  fc.assert(
    fc.property(fc.array(pass, { maxLength: 80 }), (passes) => {
      const { clock, window } = windowWithClock(1_000);
      const added: number[] = [];
      for (const ms of passes) {
        clock.now += ms;
        const younger = (age: number) => added.filter((time) => clock.now - time < age).length;
        if (window.count < younger(1_000) || window.count > younger(2_000)) return false;
        window.add(ms);
        added.push(clock.now);
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test("after a long silence nothing is left, however long it was", async (t) => {
  for (const silence of [20_000, 30_000, 1_000_000]) {
    const { clock, window, add } = windowWithClock();
    add(100, 50);
    clock.now += silence;
    t.equal(window.count, 0);
    t.ok(Number.isNaN(window.percentile(0.5)));
    add(1, 1);
    t.equal(window.count, 1);
  }
});

t.test("a percentile is worked out once a second, each on its own", async (t) => {
  const { clock, window, add } = windowWithClock();
  add(10, 100);
  const first = window.percentile(0.5);
  add(1_000, 900);
  clock.now += 999;
  t.equal(window.percentile(0.5), first);
  t.ok(window.percentile(0.9) > 900, "which was not asked for before");
  clock.now += 1;
  t.ok(window.percentile(0.5) > 900);
});

t.test("a hedge waits for the percentile, and never less than the least", async (t) => {
  const { clock, window, add } = windowWithClock();
  const after = (percentile: number, least: number) => hedgeAfter({ percentile, least }, window);
  add(2, 1_000);
  t.equal(after(0.95, 10), 10);
  clock.now += 20_000;
  add(2, 900);
  add(200, 100);
  t.ok(Math.abs(after(0.95, 10) - 200) < 7);
  t.equal(after(0.95, 500), 500);
});

t.test("nothing is hedged on latencies that are too few", async (t) => {
  for (const [percentile, fewest] of [
    [0.5, 20],
    [0.95, 20],
    [0.99, 100],
    [0.999, 1_000],
  ] as const) {
    const { window, add } = windowWithClock();
    const after = () => hedgeAfter({ percentile, least: 0 }, window);
    t.equal(after(), Number.POSITIVE_INFINITY);
    add(50, fewest - 1);
    t.equal(after(), Number.POSITIVE_INFINITY, `${fewest - 1} for ${percentile}`);
    add(50, 2);
    t.ok(after() < 60, `${fewest + 1} for ${percentile}`);
  }
});

t.test("hedges stay near the share beyond the percentile while latencies change", async (t) => {
  const random = new Random(3);
  const { clock, window } = windowWithClock(2_000);
  let hedged = 0;
  let counted = 0;
  for (let request = 0; request < 60_000; request++) {
    clock.now += 1;
    const slow = request > 30_000 ? 3 : 1;
    const latency = slow * (10 - 10 * Math.log(1 - random.next()));
    const after = hedgeAfter({ percentile: 0.95, least: 1 }, window);
    const isSettled = request > 5_000 && (request < 30_000 || request > 35_000);
    if (isSettled) counted++;
    if (isSettled && latency > after) hedged++;
    window.add(latency);
  }
  t.ok(Math.abs(hedged / counted - 0.05) < 0.01, `${hedged} of ${counted}`);
});
