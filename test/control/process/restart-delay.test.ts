import t from "tap";
import { restartDelay } from "../../../core/control/process/restart-delay.ts";

t.test("the data process is started again at once after a crash or two", async (t) => {
  t.equal(restartDelay([1000], 1000), 0);
  t.equal(restartDelay([1000, 1500], 1500), 0);
});

t.test("each further crash within ten seconds doubles the wait, up to five seconds", async (t) => {
  const crashes = Array.from({ length: 12 }, (_, index) => 1000 + index);
  const delays = crashes.map((now, index) => restartDelay(crashes.slice(0, index + 1), now));
  t.same(delays, [0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
});

t.test("crashes long ago are forgotten", async (t) => {
  t.equal(restartDelay([0, 1, 2, 3, 4, 20_000], 20_000), 0);
});
