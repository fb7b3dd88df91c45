import fc from "fast-check";
import t from "tap";
import { LoadShedder } from "../../../core/upstream/overload/load-shedder.ts";
import type { Priority } from "../../../core/upstream/overload/priority.ts";
import { Random } from "../../support/random.ts";

const config = { begins: 50, full: 500 };
const priorities = [0, 1, 2, 3] as const;

/** After so long at one lag. */
function shedderAt(lag: number, random?: () => number): LoadShedder {
  const shedder = new LoadShedder(config, random);
  hold(shedder, lag);
  return shedder;
}

function hold(shedder: LoadShedder, lag: number): void {
  for (let i = 0; i < 200; i++) shedder.onLag(lag);
}

function odds(shedder: LoadShedder): number[] {
  return priorities.map((priority) => shedder.oddsOf(priority));
}

t.test("nothing is refused up to the lag at which refusing begins", async (t) => {
  for (const lag of [0, 10, 49, 50]) {
    const shedder = shedderAt(lag, () => 0);
    t.same(odds(shedder), [0, 0, 0, 0], `${lag} ms`);
    for (const priority of priorities) t.notOk(shedder.refuses(priority));
  }
});

t.test("the least important go first, and the next only when they are all gone", async (t) => {
  let before = [0, 0, 0, 0];
  for (let lag = 51; lag <= 600; lag += 7) {
    const now = odds(shedderAt(lag));
    for (const priority of [0, 1, 2] as const) {
      t.ok(now[priority] === 0 || now[priority + 1] === 1, `${lag} ms: ${now}`);
    }
    t.ok(
      now.every((odd, priority) => odd >= before[priority]!),
      `${lag} ms: ${before} to ${now}`,
    );
    before = now;
  }
  t.same(before, [0.95, 1, 1, 1], "of the most important ones some always pass");
});

t.test("requests are refused as often as the odds say", async (t) => {
  const random = new Random(5);
  const shedder = shedderAt(300, () => random.next());
  for (const priority of priorities) {
    let refused = 0;
    for (let i = 0; i < 20_000; i++) if (shedder.refuses(priority)) refused++;
    t.ok(Math.abs(refused / 20_000 - shedder.oddsOf(priority)) < 0.02, `${refused} for ${odds(shedder)}`);
  }
});

t.test("refusing begins above one lag and ends below half of it", async (t) => {
  const shedder = shedderAt(40);
  t.notOk(shedder.isShedding, "40 ms on the way up");
  hold(shedder, 60);
  t.ok(shedder.isShedding);
  hold(shedder, 40);
  t.ok(shedder.isShedding, "40 ms on the way down");
  t.ok(shedder.oddsOf(3) > 0 && shedder.oddsOf(3) < 0.2);
  hold(shedder, 20);
  t.notOk(shedder.isShedding);
  t.same(odds(shedder), [0, 0, 0, 0]);
});

t.test("one long turn of the event loop is no overload; the same lag three times in a row is", async (t) => {
  const shedder = new LoadShedder(config);
  shedder.onLag(150);
  t.notOk(shedder.isShedding);
  for (let i = 0; i < 20; i++) shedder.onLag(0);
  for (let i = 0; i < 3; i++) shedder.onLag(150);
  t.ok(shedder.isShedding);
});

t.test("a machine that slept for a day is forgiven within four seconds", async (t) => {
  const shedder = new LoadShedder(config);
  shedder.onLag(86_400_000);
  let samples = 0;
  for (; shedder.isShedding && samples < 1_000; samples++) shedder.onLag(0);
  t.ok(samples <= 80, `${samples} samples of 50 ms`);
});

t.test(
  "the refused are told to stay away for longer when it is worse, and not all for the same time",
  async (t) => {
    const random = new Random(2);
    const staysAt = (lag: number) => {
      const shedder = shedderAt(lag, () => random.next());
      return new Set(Array.from({ length: 2_000 }, () => shedder.retryAfter()));
    };
    t.same([...staysAt(51)].sort(), [1, 2]);
    t.same([...staysAt(500)].sort(), [1, 2, 3, 4, 5]);
  },
);

t.test("whatever the lag was, odds are odds and Retry-After is whole seconds", async (t) => {
  const lag = fc.oneof(fc.double({ min: 0, max: 1_000, noNaN: true }), fc.constantFrom(0, 1e12));
  fc.assert(
    fc.property(
      fc.array(lag, { maxLength: 100 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (lags, drawn) => {
        const shedder = new LoadShedder(config, () => drawn);
        for (const one of lags) {
          shedder.onLag(one);
          const [first, second, third, fourth] = odds(shedder) as [number, number, number, number];
          if (!(first >= 0 && first <= second && second <= third && third <= fourth && fourth <= 1))
            return false;
          const stay = shedder.retryAfter();
          if (!(Number.isInteger(stay) && stay >= 1 && stay <= 5)) return false;
        }
        return true;
      },
    ),
  );
  t.pass();
});

/**
 * A proxy with a backlog: each request costs it so much time, a refusal a tenth of that, and what does not fit into
 * a sample's 50 ms is the lag of the next one.
 */
function overloadedLoop(load: number, samples: number) {
  const random = new Random(11);
  const shedder = new LoadShedder(config, () => random.next());
  const cost = 0.05;
  const done = [0, 0, 0, 0];
  const asked = [0, 0, 0, 0];
  let backlog = 0;
  let turns = 0;
  let worst = 0;
  for (let sample = 0; sample < samples; sample++) {
    const was = shedder.isShedding;
    shedder.onLag(backlog);
    if (was !== shedder.isShedding) turns++;
    const requests = (load * (50 + random.next() * 10 - 5)) / 1_000;
    for (let i = 0; i < requests; i++) {
      const priority = random.int(0, 3) as Priority;
      const refused = shedder.refuses(priority);
      backlog += refused ? cost / 10 : cost;
      asked[priority]!++;
      if (!refused) done[priority]!++;
    }
    backlog = Math.max(0, backlog - 50);
    if (sample > 100) worst = Math.max(worst, backlog);
  }
  return { share: done.map((count, priority) => count / asked[priority]!), turns, worst };
}

t.test("at one and a half times its load a proxy keeps the important half, steadily", async (t) => {
  const { share, turns, worst } = overloadedLoop(30_000, 6_000);
  t.equal(share[0], 1, "all of the most important");
  t.ok(share[3]! < 0.1, `${share}`);
  t.ok(share[2]! > 0.2 && share[2]! < share[1]!, `${share}`);
  t.ok(worst < 500, `lag of ${worst} ms at most`);
  t.ok(turns <= 3, `began and ended ${turns} times in five minutes`);
});

t.test("at nine tenths of its load it refuses nothing", async (t) => {
  t.same(overloadedLoop(18_000, 2_000).share, [1, 1, 1, 1]);
});
