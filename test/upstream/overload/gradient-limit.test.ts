import fc from "fast-check";
import t from "tap";
import { GradientLimit } from "../../../core/upstream/overload/gradient-limit.ts";
import { Random } from "../../support/random.ts";
import { QueueingServer, type ServerShape } from "./queueing-server.ts";

const config = { least: 3, most: 1_000, tolerance: 1.5 };

/** A server that clients ask for more than it can do, behind a limit. */
function overloaded(shape: ServerShape, load: number, tolerance = config.tolerance, seed = 1) {
  const random = new Random(seed);
  const server = new QueueingServer({ ...shape }, random);
  const limit = new GradientLimit(
    { ...config, tolerance },
    () => server.now,
    () => random.next(),
  );
  server.behind(limit);
  server.load = load;
  return { server, limit };
}

/** 2000 requests a second. */
const twenty: ServerShape = { workers: 20, serviceTime: 10, steady: true };

for (const steady of [true, false]) {
  for (const tolerance of [1.5, 2]) {
    const kind = steady ? "even" : "exponential";
    t.test(`twice the load a server can carry, ${kind} times, tolerance ${tolerance}`, async (t) => {
      const { server } = overloaded({ ...twenty, steady }, 4_000, tolerance);
      t.ok(server.run(5_000).served > 9_300, "it is in use from the start");
      const { served, latency, limit, lowest } = server.run(120_000);
      t.ok(served > 240_000 * 0.97, `${served} of 240000 that it can serve`);
      t.ok(limit >= 20 && limit <= 20 * tolerance * 1.35, `limit ${limit}`);
      t.ok(latency <= 10 * tolerance * 1.35, `latency ${latency}`);
      t.ok(lowest >= config.least);
    });
  }
}

t.test("a server that loses two thirds of its workers gets a third within a second, and back", async (t) => {
  const { server } = overloaded(twenty, 4_000);
  const before = server.run(20_000).limit;
  server.shape.workers = 7;
  server.run(1_000);
  const less = server.run(5_000);
  t.ok(less.limit < before / 2 && less.limit >= 7, `limit ${before}, then ${less.limit}`);
  t.ok(less.served >= 3_400, `${less.served} of 3500`);
  t.ok(less.latency < 25, `latency ${less.latency}`);
  server.shape.workers = 20;
  server.run(1_000);
  const again = server.run(5_000);
  t.ok(Math.abs(again.limit / before - 1) < 0.1, `limit ${before}, then ${again.limit}`);
  t.ok(again.served > 9_800, `${again.served} of 10000`);
});

t.test(
  "a server that takes three times as long gets fewer within a second, until it shows no queue",
  async (t) => {
    const { server } = overloaded(twenty, 4_000);
    const before = server.run(20_000);
    server.shape.serviceTime = 30;
    const first = server.run(1_000);
    t.ok(first.lowest < before.limit / 3, `limit ${before.limit}, then ${first.lowest}`);
    server.run(3_000);
    const slow = server.run(20_000);
    t.ok(slow.served > 13_333 * 0.97, `${slow.served} of 13333`);
    t.ok(slow.limit >= 20 && slow.limit < 42, `limit ${slow.limit}: as many at once, each for longer`);
    server.shape.serviceTime = 10;
    t.ok(server.run(5_000).served > 9_700, "it is used as soon as it can do more");
    server.run(35_000);
    t.ok(server.run(20_000).latency < 20, "and its queue is gone after the next measurement");
  },
);

t.test("under less load than the server can carry nothing is refused", async (t) => {
  for (const steady of [true, false]) {
    const { server } = overloaded({ ...twenty, steady }, 1_000);
    server.run(5_000);
    const { refused, latency } = server.run(120_000);
    t.ok(refused <= 12, `${refused} of 120000`);
    t.ok(latency < 11, `latency ${latency}`);
  }
});

t.test("a burst after calm finds the limit that was learned", async (t) => {
  const { server } = overloaded(twenty, 4_000);
  server.run(10_000);
  server.load = 10;
  server.run(60_000);
  server.load = 4_000;
  const { served, latency } = server.run(2_000);
  t.ok(served > 3_900, `${served} of 4000`);
  t.ok(latency < 25, `latency ${latency}`);
});

t.test("a slow server with few requests is no overload", async (t) => {
  for (let seed = 1; seed <= 6; seed++) {
    const shape = { workers: 50, serviceTime: 2_000, steady: true };
    const { server } = overloaded(shape, 5, config.tolerance, seed);
    server.run(30_000);
    t.equal(server.run(120_000).refused, 0, `seed ${seed}`);
  }
});

/** A limit on a clock that the test moves. */
function limitWithClock(change: Partial<typeof config> = {}) {
  const clock = { now: 0 };
  const limit = new GradientLimit(
    { ...config, ...change },
    () => clock.now,
    () => 0.5,
  );
  /** As many requests as there may be, each of which takes so long. */
  const round = (latency: number, ok = true) => {
    let started = 0;
    while (limit.onStart()) started++;
    clock.now += latency;
    for (let i = 0; i < started; i++) limit.onEnd(latency, ok);
  };
  return { clock, limit, round };
}

t.test("no more than the limit are under way", async (t) => {
  const { limit } = limitWithClock();
  t.equal(limit.limit, 20);
  for (let i = 0; i < 20; i++) t.ok(limit.onStart());
  t.notOk(limit.onStart());
  limit.onEnd(10, true);
  t.equal(limit.inFlight, 19);
  t.ok(limit.onStart());
  t.notOk(limit.onStart());
});

t.test("timeouts make the limit fall, and are never taken for the time without a queue", async (t) => {
  const { limit, round } = limitWithClock();
  for (let i = 0; i < 50; i++) round(10);
  const before = limit.limit;
  for (let i = 0; i < 400; i++) round(5_000, false);
  t.ok(limit.limit <= before / 4, `${before}, then ${limit.limit}`);
  for (let i = 0; i < 200; i++) round(10);
  t.ok(limit.limit >= before, `${limit.limit} again`);
});

t.test("quick failures are no sign of speed", async (t) => {
  const { limit, round } = limitWithClock();
  for (let i = 0; i < 50; i++) round(10);
  const before = limit.limit;
  for (let i = 0; i < 5_000; i++) round(0.1, false);
  t.equal(limit.limit, before);
  for (let i = 0; i < 50; i++) round(10);
  t.ok(limit.limit >= before, "10 ms is still no queue");
});

t.test("what was measured before a pause says nothing of the time after it", async (t) => {
  const { clock, limit } = limitWithClock({ most: 20 });
  const together = (requests: number, latency: number) => {
    for (let i = 0; i < requests; i++) limit.onStart();
    clock.now += latency;
    for (let i = 0; i < requests; i++) limit.onEnd(latency, true);
  };
  for (let i = 0; i < 50; i++) together(20, 10);
  for (let i = 0; i < 2; i++) together(13, 500);
  t.equal(limit.limit, 20, "too few to say anything");
  clock.now += 60_000;
  together(1, 10);
  t.equal(limit.limit, 20);
});

t.test("a limit that nobody comes near to does not grow", async (t) => {
  const { clock, limit } = limitWithClock();
  for (let i = 0; i < 5_000; i++) {
    for (let j = 0; j < 8; j++) limit.onStart();
    clock.now += 10;
    for (let j = 0; j < 8; j++) limit.onEnd(10, true);
  }
  t.equal(limit.limit, 20);
});

t.test("the limit stays within its bounds, whatever happens", async (t) => {
  const round = fc.record({
    latency: fc.oneof(fc.double({ min: 0, max: 50, noNaN: true }), fc.constantFrom(0, 60_000, 1e9)),
    ok: fc.boolean(),
    times: fc.nat(30),
  });
  fc.assert(
    fc.property(fc.nat(40), fc.nat(200), fc.array(round), (least, more, rounds) => {
      const bounds = { least: least + 1, most: least + 1 + more };
      const { limit, round } = limitWithClock(bounds);
      for (const { latency, ok, times } of rounds) {
        for (let i = 0; i < times; i++) {
          round(latency, ok);
          if (!(limit.limit >= bounds.least && limit.limit <= bounds.most) || limit.inFlight !== 0)
            return false;
        }
      }
      return true;
    }),
    { numRuns: 200 },
  );
  t.pass();
});
