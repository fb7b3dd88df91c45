import t, { type Test } from "tap";
import { backoff } from "../../core/discovery/backoff.ts";
import { refreshIn } from "../../core/discovery/dns/refresh.ts";
import { type Rounds, repeating } from "../../core/discovery/run-source.ts";
import { settingOf } from "../../core/discovery/source.ts";
import { SourceProblem } from "../../core/discovery/source-problem.ts";
import { Recording } from "./recording.ts";
import { TestClock } from "./test-clock.ts";

type Ask = Rounds["ask"];

const endpoint = { host: "a", port: 80, weight: 1, zone: null, priority: 0 };

/** A source whose rounds are these, one after the other. */
function running(t: Test, ...asks: Ask[]) {
  const clock = new TestClock();
  const told = new Recording();
  const rounds = { begun: 0, closed: 0, wake: () => {} };
  const setting = settingOf({ now: clock.now, after: clock.after, random: () => 1 });
  const source = repeating("test", setting, (wake) => {
    rounds.wake = wake;
    return {
      ask: (tell, signal) => asks[Math.min(rounds.begun++, asks.length - 1)]!(tell, signal),
      close: () => rounds.closed++,
    };
  });
  source.start(told);
  t.teardown(() => source.close());
  return { clock, told, rounds, source };
}

t.test("the pause after failures doubles up to a minute, and half of it is drawn", async (t) => {
  const highest = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((failures) => backoff(failures, () => 1));
  t.same(highest, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  t.same([backoff(1, () => 0), backoff(7, () => 0), backoff(7, () => 0.5)], [500, 30_000, 45_000]);
});

t.test("a name is looked up again when its records end, within a second and five minutes", async (t) => {
  t.same(
    [0, 1, 30, 300, 301, 2 ** 31].map((ttl) => refreshIn(ttl, false)),
    [1_000, 1_000, 30_000, 300_000, 300_000, 300_000],
  );
  t.equal(refreshIn(null, false), 300_000);
  t.same([refreshIn(5, true), refreshIn(60, true), refreshIn(null, true)], [5_000, 10_000, 10_000]);
});

t.test("an answer ends the row of failures", async (t) => {
  const fails: Ask = async () => {
    throw new SourceProblem("failed", "no");
  };
  const answers: Ask = async (tell) => {
    tell([endpoint]);
    return 77;
  };
  const { clock, told } = running(t, fails, fails, answers, fails);
  for (const wait of [1_000, 2_000, 77]) await clock.pass(wait);
  await clock.untilWaiting(1_000);
  t.same(told.problems, ["test: no", "test: no"], "told again, as it worked in between");
  t.same(told.recoveries, ["test works again"]);
});

t.test("an answer with a problem is no recovery", async (t) => {
  const half: Ask = async (tell) => {
    tell([endpoint], [new SourceProblem("unusable", "half")]);
    return 5;
  };
  const whole: Ask = async (tell) => {
    tell([endpoint]);
    return 6;
  };
  const { clock, told } = running(t, half, half, whole);
  await clock.pass(5);
  await clock.pass(5);
  await clock.untilWaiting(6);
  t.same([told.problems, told.recoveries, told.lists.length], [["test: half"], ["test works again"], 3]);
});

t.test("waking brings the next round forward, or has it follow the one that is under way", async (t) => {
  let release = () => {};
  const answers: Ask = (tell) => {
    tell([endpoint]);
    return new Promise((resolve) => {
      release = () => resolve(1_000);
    });
  };
  const { clock, rounds } = running(t, answers);
  rounds.wake();
  rounds.wake();
  t.equal(rounds.begun, 1, "one at a time");
  release();
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(rounds.begun, 2, "and then another one at once");
  release();
  await clock.untilWaiting(1_000);
  rounds.wake();
  t.equal(rounds.begun, 3);
  t.same(clock.waits, [], "the alarm is taken back");
});

t.test("a listener that throws is told of, and the source goes on", async (t) => {
  const answers: Ask = async (tell) => {
    tell([endpoint]);
    return 9;
  };
  const { clock, told } = running(t, async () => 3, answers);
  await clock.untilWaiting(3);
  let isBroken = true;
  const list = told.onEndpoints.bind(told);
  told.onEndpoints = (endpoints) => {
    if (isBroken) throw new TypeError("broken listener");
    list(endpoints);
  };
  clock.advance(3);
  await clock.untilWaiting(1_000);
  t.match(told.problems, [/^test: internal error: TypeError: broken listener at .*run-source\.test\.ts/]);
  isBroken = false;
  clock.advance(1_000);
  await clock.untilWaiting(9);
  t.same([told.lists.length, told.recoveries], [1, ["test works again"]]);
});

t.test("after close nothing is told, asked or waited for", async (t) => {
  let speak = () => {};
  const answers: Ask = (tell, signal) =>
    new Promise((_, reject) => {
      speak = () => tell([endpoint], [new SourceProblem("failed", "late")]);
      signal.addEventListener("abort", () => reject(new SourceProblem("failed", "aborted")));
    });
  const { clock, told, rounds, source } = running(t, answers);
  source.close();
  source.close();
  speak();
  rounds.wake();
  await new Promise((resolve) => setImmediate(resolve));
  t.same([told.lists, told.problems, clock.waits], [[], [], []]);
  t.same([rounds.begun, rounds.closed], [1, 1]);
});

t.test(
  "without a clock of the test, time is the system's, and a waiting source keeps no process alive",
  async (t) => {
    const { after, now, random } = settingOf({});
    const begun = now();
    const alive = setInterval(() => {}, 60_000);
    await new Promise<void>((resolve) => void after(5, resolve));
    clearInterval(alive);
    t.ok(now() - begun >= 4);
    after(1, () => t.fail("was taken back"))();
    t.ok(random() < 1);
  },
);
