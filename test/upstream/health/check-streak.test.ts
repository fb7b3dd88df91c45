import t, { type Test } from "tap";
import { CheckStreak } from "../../../core/upstream/health/check-streak.ts";
import type { CheckState } from "../../../core/upstream/health/endpoint-table.ts";
import { checkConfig } from "./check-config.ts";

/** The states after checks that were good (`+`) or bad (`-`). */
function statesAfter(t: Test, checks: string, known: CheckState = "unknown"): CheckState[] {
  const streak = new CheckStreak(checkConfig, known);
  return [...checks].map((check) => {
    const before = streak.state;
    const changed = streak.record(check === "+");
    t.equal(changed, streak.state !== before);
    return streak.state;
  });
}

t.test("the first check decides at once", async (t) => {
  t.same(statesAfter(t, "+"), ["healthy"]);
  t.same(statesAfter(t, "-"), ["unhealthy"]);
});

t.test("three bad checks in a row make a healthy endpoint unhealthy, two do not", async (t) => {
  t.same(statesAfter(t, "--+--+", "healthy"), Array(6).fill("healthy"));
  t.same(statesAfter(t, "---", "healthy"), ["healthy", "healthy", "unhealthy"]);
});

t.test("two good checks in a row make an unhealthy endpoint healthy, one does not", async (t) => {
  t.same(statesAfter(t, "+-+-", "unhealthy"), Array(4).fill("unhealthy"));
  t.same(statesAfter(t, "++", "unhealthy"), ["unhealthy", "healthy"]);
});

t.test("what somebody else found starts the row anew", async (t) => {
  const streak = new CheckStreak(checkConfig, "healthy");
  streak.record(false);
  streak.record(false);
  streak.adopt("healthy");
  t.equal(streak.contrary, 2);
  streak.adopt("unhealthy");
  t.same([streak.state, streak.contrary], ["unhealthy", 0]);
});

t.test("an endpoint that is unhealthy, unknown or in doubt is checked sooner", async (t) => {
  const streak = new CheckStreak({ ...checkConfig, jitter: 0 }, "unknown");
  t.equal(streak.pause(0.5), 1000);
  streak.record(true);
  t.equal(streak.pause(0.5), 5000);
  streak.record(false);
  t.equal(streak.pause(0.5), 1000);
  streak.record(true);
  t.equal(streak.pause(0.5), 5000);
  for (const _ of [1, 2, 3]) streak.record(false);
  t.equal(streak.pause(0.5), 1000);
});

t.test("jitter moves a check by its share of the interval at most, to either side", async (t) => {
  const streak = new CheckStreak({ ...checkConfig, jitter: 0.2 }, "healthy");
  t.equal(streak.pause(0), 4000);
  t.equal(streak.pause(0.5), 5000);
  t.equal(streak.pause(1), 6000);
});
