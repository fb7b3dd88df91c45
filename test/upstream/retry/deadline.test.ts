import fc from "fast-check";
import t from "tap";
import {
  budgetText,
  deadlineOf,
  leavesTime,
  noDeadline,
  parseBudget,
  remaining,
  timeFor,
} from "../../../core/upstream/retry/deadline.ts";

t.test("the deadline is the earlier one of the route's and the client's", async (t) => {
  t.equal(deadlineOf(1_000, 500, null), 1_500);
  t.equal(deadlineOf(1_000, 500, 200), 1_200);
  t.equal(deadlineOf(1_000, 500, 700), 1_500);
  t.equal(deadlineOf(1_000, 0, 200), 1_200);
  t.equal(deadlineOf(1_000, 0, null), noDeadline);
  t.equal(deadlineOf(1_000, 500, 0), 1_000, "a client that has no time left");
});

t.test("what is left is never negative", async (t) => {
  t.equal(remaining(1_500, 1_000), 500);
  t.equal(remaining(1_500, 1_500), 0);
  t.equal(remaining(1_500, 9_000), 0);
  t.equal(remaining(noDeadline, 9_000), Number.POSITIVE_INFINITY);
});

t.test("a part has its own time, or what is left", async (t) => {
  t.equal(timeFor(1_500, 100, 1_000), 100);
  t.equal(timeFor(1_500, 600, 1_000), 500);
  t.equal(timeFor(1_500, 0, 1_000), 500);
  t.equal(timeFor(1_500, 100, 1_500), 0);
  t.equal(timeFor(noDeadline, 100, 1_000), 100);
  t.equal(timeFor(noDeadline, 0, 1_000), Number.POSITIVE_INFINITY);
});

t.test("a pause is worth it when at least a millisecond is left after it", async (t) => {
  t.ok(leavesTime(1_500, 499, 1_000));
  t.notOk(leavesTime(1_500, 499.5, 1_000));
  t.notOk(leavesTime(1_500, 600, 1_000));
  t.ok(leavesTime(noDeadline, 600, 1_000));
});

t.test(
  "the endpoint is told whole milliseconds, rounded down, and nothing where there is no limit",
  async (t) => {
    t.equal(budgetText(249.99), "249");
    t.equal(budgetText(0.4), "0");
    t.equal(budgetText(3e21 / 1e6), "3000000000000000");
    t.equal(budgetText(Number.POSITIVE_INFINITY), null);
  },
);

t.test("a budget is digits and nothing else, and at most what the operator allows", async (t) => {
  t.equal(parseBudget("250", 60_000), 250);
  t.equal(parseBudget("0", 60_000), 0);
  t.equal(parseBudget("007", 60_000), 7);
  t.equal(parseBudget("60001", 60_000), 60_000);
  t.equal(parseBudget("999999999999999", 60_000), 60_000);
  for (const text of [
    "",
    " 1",
    "1 ",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x10",
    "1,2",
    "250, 300",
    "Infinity",
    "NaN",
    "٣",
    "1".repeat(16),
  ]) {
    t.equal(parseBudget(text, 60_000), null, JSON.stringify(text));
  }
});

t.test("what one proxy writes another one reads, and its deadline is not later", async (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 3_600_000, noNaN: true }), (time) => {
      const read = parseBudget(budgetText(time)!, 3_600_000)!;
      return read <= time && read > time - 1;
    }),
  );
  t.pass();
});

t.test("attempts, policies and pauses together never take longer than the deadline", async (t) => {
  const part = fc.record({ limit: fc.nat(400), takes: fc.nat(600), pause: fc.nat(300) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.array(part), (timeout, parts) => {
      const deadline = deadlineOf(10_000, timeout, null);
      let now = 10_000;
      for (const { limit, takes, pause } of parts) {
        now += Math.min(takes, timeFor(deadline, limit, now));
        if (!leavesTime(deadline, pause, now)) break;
        now += pause;
      }
      return now <= deadline;
    }),
  );
  t.pass();
});
