import fc from "fast-check";
import t from "tap";
import { SlidingWindow, type Totals } from "../../../plugins/breaker/window.ts";
import { pluginCounters, reactorCounters } from "../../support/plugin-counters.ts";
import { holds } from "../../wire/property.ts";

const tenSeconds = { type: "time", size: 10_000 } as const;

/** Adds a failed call, so that the totals are always told. */
function failAt(window: SlidingWindow, clock: { now: number }, now: number): Totals {
  clock.now = now;
  return window.add(true, false, now, 1)!;
}

t.test(
  "a window of 10 s counts the calls of its ten buckets of a second, and forgets by the second",
  async (t) => {
    const clock = { now: 0 };
    const window = new SlidingWindow(pluginCounters(clock), "w", tenSeconds);
    t.match(failAt(window, clock, 0), { calls: 1, failed: 1 });
    t.match(failAt(window, clock, 999), { calls: 2, failed: 2 });
    t.match(failAt(window, clock, 1000), { calls: 3 });
    t.match(failAt(window, clock, 9999), { calls: 4 }, "the last moment of the tenth bucket");
    t.match(failAt(window, clock, 10_000), { calls: 3 }, "the first second is out");
    t.match(failAt(window, clock, 11_000), { calls: 3 }, "the one of the second second is out");
    t.match(failAt(window, clock, 40_000), { calls: 1 }, "all are");
  },
);

t.test("a window of calls counts exactly the last ones, up to ten of them", async (t) => {
  const window = new SlidingWindow(pluginCounters({ now: 0 }), "w", { type: "count", size: 3 });
  const failed = (fails: boolean) => window.add(fails, false, 0, 1)?.failed;
  t.equal(failed(true), 1);
  t.equal(failed(true), 2);
  failed(false);
  t.equal(failed(true), 2, "fail, ok, fail");
  failed(false);
  failed(false);
  t.match(window.add(true, false, 0, 1), { calls: 3, failed: 1, slow: 0 });
});

t.test("a call that went well is told of where it completes the minimum or begins a bucket", async (t) => {
  const clock = { now: 0 };
  const window = new SlidingWindow(pluginCounters(clock), "w", tenSeconds);
  t.match(window.add(false, false, 0, 3), { calls: 1 });
  t.equal(window.add(false, false, 0, 3), null);
  t.match(window.add(false, false, 0, 3), { calls: 3 });
  t.equal(window.add(false, false, 0, 3), null);
  clock.now = 1000;
  t.match(window.add(false, false, 1000, 3), { calls: 5 });
});

/** What the window must say, the plain way. */
class Model {
  private readonly calls: { at: number; failed: boolean; slow: boolean }[] = [];
  private readonly size: number;
  private readonly isTime: boolean;

  constructor(type: "time" | "count", size: number) {
    this.isTime = type === "time";
    this.size = size;
  }

  add(failed: boolean, slow: boolean, now: number): Totals {
    const step = this.isTime ? this.size / 10 : Math.ceil(this.size / 10);
    const buckets = this.isTime ? 10 : Math.ceil(this.size / step);
    const at = Math.floor((this.isTime ? now : this.calls.length) / step);
    this.calls.push({ at, failed, slow });
    const inside = this.calls.filter((call) => call.at > at - buckets);
    return {
      calls: inside.length,
      failed: inside.filter((call) => call.failed).length,
      slow: inside.filter((call) => call.slow).length,
    };
  }
}

const calls = fc.array(
  fc.tuple(fc.constantFrom(0, 0, 1, 50, 99, 100, 101, 900, 1000), fc.boolean(), fc.boolean(), fc.nat(2)),
  { maxLength: 150 },
);

for (const [type, size] of [
  ["time", 1000],
  ["count", 7],
  ["count", 25],
  ["count", 100],
] as const) {
  t.test(`a window of ${size} (${type}), shared by three reactors, says what all calls say`, async (t) => {
    const property = fc.property(calls, (calls) => {
      const clock = { now: 0 };
      const windows = reactorCounters(clock, 3).map(
        (counters) => new SlidingWindow(counters, "w", { type, size }),
      );
      const model = new Model(type, size);
      for (const [pause, failed, slow, reactor] of calls) {
        clock.now += pause;
        const expected = model.add(failed, slow, clock.now);
        const found = windows[reactor]!.add(failed, slow, clock.now, 10);
        if (found === null && (failed || slow || expected.calls === 10)) throw new Error("nothing was told");
        if (found !== null && JSON.stringify(found) !== JSON.stringify(expected)) {
          throw new Error(`found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
        }
      }
    });
    await holds(t, property, 300);
  });
}
