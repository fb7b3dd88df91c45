import { setImmediate, setTimeout } from "node:timers/promises";
import t from "tap";
import { Timer, Timers } from "../../core/net/timers.ts";

/** Timers on a clock that the test moves, tick by tick. */
function timersWithClock() {
  let now = 1000;
  const timers = new Timers(() => now);
  return {
    timers,
    /** Lets time pass as it does when the event loop is idle. */
    pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 50) {
        now += 50;
        timers.expire();
      }
    },
    /** Lets time pass while the event loop stands still. */
    stall(ms: number) {
      now += ms;
      timers.expire();
    },
  };
}

t.test("a timer fires after its time, once, and within three ticks", async (t) => {
  const { timers, pass } = timersWithClock();
  let fired = 0;
  timers.arm(new Timer(() => fired++), 200);
  pass(200);
  t.equal(fired, 0);
  pass(150);
  t.equal(fired, 1);
  pass(1000);
  t.equal(fired, 1);
  t.equal(timers.size, 0);
});

t.test("a timer that is armed again starts anew; one that is disarmed never fires", async (t) => {
  const { timers, pass } = timersWithClock();
  const fired: string[] = [];
  const again = new Timer(() => fired.push("again"));
  const never = new Timer(() => fired.push("never"));
  timers.arm(again, 200);
  timers.arm(never, 200);
  pass(150);
  timers.arm(again, 200);
  timers.disarm(never);
  timers.disarm(never);
  pass(150);
  t.same(fired, []);
  pass(200);
  t.same(fired, ["again"]);
});

t.test("timers of one duration fire in the order in which they were armed", async (t) => {
  const { timers, pass } = timersWithClock();
  const fired: number[] = [];
  const armed = [1, 2, 3, 4].map((n) => new Timer(() => fired.push(n)));
  for (const timer of armed) timers.arm(timer, 100);
  timers.disarm(armed[1]!);
  timers.arm(armed[0]!, 100);
  pass(300);
  t.same(fired, [3, 4, 1]);
});

t.test("a timer may arm itself and others while it fires", async (t) => {
  const { timers, pass } = timersWithClock();
  let fired = 0;
  const timer = new Timer(() => {
    if (++fired < 3) timers.arm(timer, 100);
  });
  timers.arm(timer, 100);
  pass(1000);
  t.equal(fired, 3);
  t.equal(timers.size, 0);
});

t.test("after the event loop stood still nothing fires before sockets were read once", async (t) => {
  for (const ms of [100, 5000]) {
    const { timers, stall } = timersWithClock();
    let fired = 0;
    timers.arm(new Timer(() => fired++), 50);
    stall(ms);
    await setImmediate();
    t.equal(fired, 0);
    await setTimeout(10);
    t.equal(fired, 1, "and not a tick later");
  }
});

t.test("an event loop that is late each time does not keep timers from firing", async (t) => {
  const { timers, stall } = timersWithClock();
  let fired = 0;
  timers.arm(new Timer(() => fired++), 200);
  for (let turn = 0; turn < 4; turn++) {
    stall(200);
    await setTimeout(10);
  }
  t.equal(fired, 1);
});
