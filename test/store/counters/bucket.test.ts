import fc from "fast-check";
import t from "tap";
import { type BucketRule, takeFrom } from "../../../core/store/counters/bucket.ts";
import { holds } from "../../wire/property.ts";

const perSecond: BucketRule = { rate: 0.001, burst: 2 };

t.test("a bucket that is not known is full", async (t) => {
  t.same(takeFrom(null, 1, perSecond, 5000), { wait: 0, left: 1, reset: 1000, full: 6000 });
});

t.test("a bucket that is empty says how long to wait, and gives when that is over", async (t) => {
  const { full } = takeFrom(null, 2, perSecond, 5000);
  t.same(takeFrom(full, 1, perSecond, 5000), { wait: 1000, left: 0, reset: 2000, full: 7000 });
  t.equal(takeFrom(full, 1, perSecond, 5990).wait, 10);
  t.same(takeFrom(full, 1, perSecond, 6000), { wait: 0, left: 0, reset: 2000, full: 8000 });
});

t.test("more than the bucket holds is never there", async (t) => {
  t.match(takeFrom(null, 3, perSecond, 0), { wait: Number.POSITIVE_INFINITY, left: 2 });
});

t.test("a cost of 0 tells how the bucket stands", async (t) => {
  const { full } = takeFrom(null, 2, perSecond, 0);
  t.same(takeFrom(full, 0, perSecond, 500), { wait: 0, left: 0.5, reset: 1500, full: 2000 });
});

t.test("a bucket whose rule has become tighter is empty, not in debt", async (t) => {
  const { full } = takeFrom(null, 100, { rate: 0.001, burst: 100 }, 0);
  t.same(takeFrom(full, 1, perSecond, 0), { wait: 1000, left: 0, reset: 2000, full: 2000 });
});

t.test("a bucket of 1 000 gives 1 000 at once, whatever its rate", async (t) => {
  const rule = fc.tuple(
    fc.double({ min: 1e-6, max: 10, noNaN: true }),
    fc.double({ min: 0, max: 1e9, noNaN: true }),
  );
  const property = fc.property(rule, ([rate, now]) => {
    let full: number | null = null;
    let given = 0;
    for (let turn = 0; turn < 1100; turn++) {
      const taken = takeFrom(full, 1, { rate, burst: 1000 }, now);
      if (taken.wait > 0) continue;
      given++;
      full = taken.full;
    }
    return given === 1000;
  });
  await holds(t, property, 300);
});

t.test("no stretch of time gives more than the burst and what flowed in", async (t) => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constantFrom(0, 1, 2, 0.5)), {
    maxLength: 200,
  });
  const rules = fc.record({
    rate: fc.double({ min: 0.0001, max: 1, noNaN: true }),
    burst: fc.double({ min: 1, max: 20, noNaN: true }),
  });
  const property = fc.property(rules, steps, (rule, steps) => {
    let now = 0;
    let full: number | null = null;
    const given: [at: number, cost: number][] = [];
    for (const [pause, cost] of steps) {
      now += pause;
      const taken = takeFrom(full, cost, rule, now);
      if (taken.wait > 0) continue;
      full = taken.full;
      given.push([now, cost]);
    }
    return given.every((_, first) => {
      let sum = 0;
      return given.slice(first).every(([at, cost]) => {
        sum += cost;
        return sum <= rule.burst + (at - given[first]![0]) * rule.rate + 0.01;
      });
    });
  });
  await holds(t, property, 500);
});

t.test("who waits as long as was said gets it, and not before", async (t) => {
  const property = fc.property(
    fc.double({ min: 0.0001, max: 1, noNaN: true }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 20 }),
    (rate, burst, cost) => {
      fc.pre(cost <= burst);
      const rule = { rate, burst };
      const { full } = takeFrom(null, burst, rule, 0);
      const { wait } = takeFrom(full, cost, rule, 0);
      return takeFrom(full, cost, rule, wait).wait === 0 && takeFrom(full, cost, rule, wait * 0.99).wait > 0;
    },
  );
  await holds(t, property, 500);
});
