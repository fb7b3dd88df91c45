/** What every way to count promises, with a clock and with other reactors in between. */
import fc from "fast-check";
import t from "tap";
import { concurrency } from "../../../plugins/rate-limit/concurrency.ts";
import type { Limiter } from "../../../plugins/rate-limit/limiter.ts";
import { quota } from "../../../plugins/rate-limit/quota.ts";
import { slidingWindow } from "../../../plugins/rate-limit/sliding-window.ts";
import { owingBucket, takingBucket } from "../../../plugins/rate-limit/token-bucket.ts";
import { type MovedClock, pluginCounters, reactorCounters } from "../../support/plugin-counters.ts";
import { holds } from "../../wire/property.ts";
import { interrupted } from "./interrupted.ts";

interface Given {
  readonly at: number;
  readonly cost: number;
}

interface Step {
  /** Ms before it. */
  readonly pause: number;
  readonly cost: number;
}

const steps = (most: number) =>
  fc.array(
    fc.record({
      pause: fc.constantFrom(0, 0, 1, 7, 99, 100, 333, 1000, most),
      cost: fc.constantFrom(1, 1, 2, 5),
    }),
    { minLength: 1, maxLength: 150 },
  );

/** Runs requests one by one, and returns those that were let through. */
function run(limiter: Limiter, steps: readonly Step[], clock: MovedClock): Given[] {
  const counters = pluginCounters(clock);
  const given: Given[] = [];
  for (const { pause, cost } of steps) {
    clock.now += pause;
    if (limiter.enter(counters, "key", cost).allowed) given.push({ at: clock.now, cost });
  }
  return given;
}

/** The most that any stretch of a length was given. The stretch has its beginning and not its end. */
function mostIn(given: readonly Given[], length: number): number {
  return Math.max(
    0,
    ...given.map(({ at }) =>
      given.reduce((sum, other) => sum + (other.at >= at && other.at < at + length ? other.cost : 0), 0),
    ),
  );
}

t.test("a sliding window of a second never gives more than its limit in any second", async (t) => {
  const property = fc.property(steps(3000), fc.integer({ min: 1, max: 20 }), (steps, limit) => {
    return mostIn(run(slidingWindow(limit, 1), steps, { now: 12_345 }), 1000) <= limit;
  });
  await holds(t, property, 500);
});

t.test("a sliding window gives its limit to those who come evenly, but for a slot", async (t) => {
  const even = Array.from({ length: 10_000 }, () => ({ pause: 1, cost: 1 }));
  const given = run(slidingWindow(100, 1), even, { now: 0 });
  t.ok(given.length >= 900 && given.length <= 1000, `${given.length} of 1 000 in 10 s`);
});

t.test("a bucket never gives more than its burst and what flows in, whichever way it is kept", async (t) => {
  const rules = fc.record({
    rate: fc.double({ min: 0.5, max: 50, noNaN: true }),
    burst: fc.integer({ min: 1, max: 20 }),
  });
  const property = fc.property(steps(3000), rules, (steps, rule) => {
    const all = [takingBucket(rule), owingBucket(rule)].map((bucket) => run(bucket, steps, { now: 5 }));
    return all.every((given) =>
      [1, 100, 1000, 5000].every(
        (length) => mostIn(given, length) <= rule.burst + (rule.rate * length) / 1000 + 0.02,
      ),
    );
  });
  await holds(t, property, 300);
});

t.test("both ways to keep a bucket come to the same", async (t) => {
  const rule = { rate: 4, burst: 7 };
  const property = fc.property(steps(3000), (steps) => {
    const [one, other] = [takingBucket(rule), owingBucket(rule)].map((bucket) =>
      run(bucket, steps, { now: 5 }),
    );
    return JSON.stringify(one) === JSON.stringify(other);
  });
  await holds(t, property, 300);
});

t.test("a quota never gives more than its limit in a day of the calendar", async (t) => {
  const day = 86_400_000;
  const pauses = fc.array(
    fc.record({
      pause: fc.constantFrom(0, 1000, 3_600_000, 7 * 3_600_000, day),
      cost: fc.constantFrom(1, 2),
    }),
    { maxLength: 100 },
  );
  const property = fc.property(pauses, fc.integer({ min: 1, max: 5 }), (steps, limit) => {
    const clock = { now: Date.UTC(2026, 1, 27) };
    const given = run(
      quota(limit, "day", 0, () => clock.now),
      steps,
      clock,
    );
    const days = Map.groupBy(given, ({ at }) => Math.floor(at / day));
    return [...days.values()].every((those) => those.reduce((sum, { cost }) => sum + cost, 0) <= limit);
  });
  await holds(t, property, 300);
});

t.test("of places there are never more taken than there are, and each comes back once", async (t) => {
  const events = fc.array(fc.record({ pause: fc.nat({ max: 400 }), ends: fc.boolean(), which: fc.nat() }), {
    maxLength: 200,
  });
  const property = fc.property(events, fc.integer({ min: 1, max: 5 }), (events, limit) => {
    const clock = { now: 77 };
    const counters = pluginCounters(clock);
    // Longer than all of it: every place is given back by its request.
    const limiter = concurrency(limit, 1000);
    const tickets: number[] = [];
    for (const { pause, ends, which } of events) {
      clock.now += pause;
      if (ends && tickets.length > 0) {
        const [ticket] = tickets.splice(which % tickets.length, 1);
        limiter.leave!(counters, "key", 1, ticket!);
      } else {
        const { allowed, ticket } = limiter.enter(counters, "key", 1);
        if (allowed !== tickets.length < limit) return false;
        if (allowed) tickets.push(ticket);
      }
    }
    return true;
  });
  await holds(t, property, 500);
});

t.test("a place that nobody gives back is free again after one to two times hold", async (t) => {
  const property = fc.property(fc.nat({ max: 100_000 }), (begin) => {
    const clock = { now: begin };
    const counters = pluginCounters(clock);
    const limiter = concurrency(1, 10);
    limiter.enter(counters, "key", 1);
    clock.now += 9_999;
    const isHeld = !limiter.enter(counters, "key", 1).allowed;
    clock.now = begin + 20_000;
    return isHeld && limiter.enter(counters, "key", 1).allowed;
  });
  await holds(t, property, 200);
});

t.test("a request that outlasts its place gives nobody else's back", async (t) => {
  const clock = { now: 0 };
  const counters = pluginCounters(clock);
  const limiter = concurrency(1, 10);
  const { ticket } = limiter.enter(counters, "key", 1);
  clock.now = 20_000;
  t.ok(limiter.enter(counters, "key", 1).allowed);
  limiter.leave!(counters, "key", 1, ticket);
  t.notOk(limiter.enter(counters, "key", 1).allowed, "the second one is still there");
});

/** Which tickets count together, and for how many ms a reactor may be stopped. */
const stretches: [name: string, make: () => Limiter, tickets: number, longest: number][] = [
  ["a sliding window", () => slidingWindow(6, 2), 11, 2000],
  ["places", () => concurrency(6, 0.2), 2, 200],
  ["a bucket that may owe", () => owingBucket({ rate: 1e-6, burst: 6 }), 1, 10_000],
];

const stops = fc.array(
  fc.record({
    pause: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 20),
    others: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, 8),
  }),
  { minLength: 100, maxLength: 100 },
);

for (const [name, make, tickets, longest] of stretches) {
  t.test(`${name}: not one too many, however reactors and time come in between`, async (t) => {
    let runs = 0;
    const property = fc.property(stops, (stops) => {
      const through = interrupted(make(), stops, longest);
      if (through === null) return true;
      runs++;
      return (
        mostIn(
          through.map(({ ticket, cost }) => ({ at: ticket, cost })),
          tickets,
        ) <= 6
      );
    });
    await holds(t, property, 1000);
    t.ok(runs > 50, `${runs} runs`);
  });
}

t.test("what is taken back may be given again, and not twice", async (t) => {
  const clock = { now: 1_000_000 };
  const limiters: [string, Limiter][] = [
    ["window", slidingWindow(3, 1)],
    ["owing", owingBucket({ rate: 0.001, burst: 3 })],
    ["quota", quota(3, "day", 0, () => clock.now)],
    ["places", concurrency(3, 100)],
  ];
  for (const [name, limiter] of limiters) {
    const counters = pluginCounters(clock);
    const { ticket } = limiter.enter(counters, name, 2);
    t.notOk(limiter.enter(counters, name, 2).allowed, name);
    limiter.undo(counters, name, 2, ticket);
    t.ok(limiter.enter(counters, name, 3).allowed, name);
    t.notOk(limiter.enter(counters, name, 1).allowed, name);
  }
});

t.test("what turns out later counts beyond the limit, and is waited for", async (t) => {
  const clock = { now: 1_000_000 };
  const counters = pluginCounters(clock);
  const bucket = owingBucket({ rate: 1, burst: 10 });
  bucket.enter(counters, "b", 1);
  bucket.charge!(counters, "b", 14, 0);
  t.match(bucket.enter(counters, "b", 1), { allowed: false, wait: 6, left: 0 });
  clock.now += 6000;
  t.ok(bucket.enter(counters, "b", 1).allowed);
  bucket.charge!(counters, "b", 1e9, 0);
  t.match(
    bucket.enter(counters, "b", 1),
    { allowed: false, wait: 11 },
    "it owes as much as it holds at most",
  );

  const window = slidingWindow(10, 1);
  const { ticket } = window.enter(counters, "w", 1);
  window.charge!(counters, "w", 20, ticket);
  t.match(window.enter(counters, "w", 1), { allowed: false, left: 0 });
  clock.now += 1100;
  t.ok(window.enter(counters, "w", 10).allowed);
});

t.test("who waits as long as was said gets it", async (t) => {
  const limiters: (() => Limiter)[] = [
    () => slidingWindow(7, 2),
    () => owingBucket({ rate: 3, burst: 7 }),
    () => takingBucket({ rate: 3, burst: 7 }),
  ];
  const property = fc.property(steps(2000), fc.nat({ max: 2 }), (steps, which) => {
    const clock = { now: 400 };
    const counters = pluginCounters(clock);
    const limiter = limiters[which]!();
    for (const { pause, cost } of steps) {
      clock.now += pause;
      const { allowed, wait } = limiter.enter(counters, "key", cost);
      if (allowed) continue;
      clock.now += Math.ceil(wait * 1000) + 0.01;
      if (!limiter.enter(counters, "key", cost).allowed) return false;
    }
    return true;
  });
  await holds(t, property, 300);
});

t.test("more than the limit is never there", async (t) => {
  for (const limiter of [
    slidingWindow(3, 1),
    owingBucket({ rate: 1, burst: 3 }),
    takingBucket({ rate: 1, burst: 3 }),
    quota(3, "month", 0),
  ]) {
    const entered = limiter.enter(pluginCounters({ now: 0 }), "key", 4);
    t.match(entered, { allowed: false, wait: Number.POSITIVE_INFINITY });
  }
});

t.test("a flood of other keys frees nobody who goes on asking", async (t) => {
  // Room for some 4 000 keys.
  const [counters] = reactorCounters({ now: 1000 }, 1);
  const limiters: [string, Limiter][] = [
    ["quota", quota(5, "day", 0, () => 1000)],
    ["window", slidingWindow(5, 60)],
    ["bucket", takingBucket({ rate: 1e-3, burst: 5 })],
  ];
  for (const [name, limiter] of limiters) {
    let given = 0;
    for (let turn = 0; turn < 50_000; turn++) {
      if (turn % 500 === 0 && limiter.enter(counters!, "victim", 1).allowed) given++;
      limiter.enter(counters!, `${name} ${turn}`, 1);
    }
    t.equal(given, 5, name);
  }
});
