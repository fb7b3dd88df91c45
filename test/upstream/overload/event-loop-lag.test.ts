import t from "tap";
import { EventLoopLag } from "../../../core/upstream/overload/event-loop-lag.ts";

t.test("the lag is the time by which a sample is late", async (t) => {
  let now = 1_000;
  const seen: number[] = [];
  const lag = new EventLoopLag(
    (ms) => seen.push(ms),
    () => now,
  );
  for (const passed of [50, 51, 250, 40, 50]) {
    now += passed;
    lag.sample();
  }
  t.same(seen, [0, 1, 200, 0, 0]);
});

t.test("an event loop that really stands still is seen, on every runtime", async (t) => {
  const seen: number[] = [];
  const lag = new EventLoopLag((ms) => seen.push(ms));
  lag.start();
  lag.start();
  t.teardown(() => lag.stop());
  await new Promise((resolve) => setTimeout(resolve, 20));
  const end = performance.now() + 200;
  while (performance.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(seen.length, 1, "one timer, however often it was started");
  t.ok(seen[0]! > 120 && seen[0]! < 1_000, `${seen[0]} ms`);
  lag.stop();
  lag.stop();
  await new Promise((resolve) => setTimeout(resolve, 120));
  t.equal(seen.length, 1, "after its end nothing is measured");
});
