import t from "tap";
import { throttled } from "../../core/net/throttle.ts";

t.test("the first event is reported at once, those of the next ten seconds together", async (t) => {
  let now = 1000;
  const reports: [number, string][] = [];
  const report = throttled<string>(
    (count, latest) => reports.push([count, latest]),
    () => now,
  );
  report("a");
  report("b");
  now += 9_999;
  report("c");
  t.same(reports, [[1, "a"]]);
  now += 1;
  report("d");
  t.same(reports, [
    [1, "a"],
    [3, "d"],
  ]);
});
