import fc from "fast-check";
import t from "tap";
import { standingItem } from "../../../plugins/rate-limit/fields.ts";
import { takingBucket } from "../../../plugins/rate-limit/token-bucket.ts";
import { pluginCounters } from "../../support/plugin-counters.ts";
import { holds } from "../../wire/property.ts";

t.test("at any time of the clock a bucket of 2 has 1 left after 1, for 30 s", async (t) => {
  const property = fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (now) => {
    const entered = takingBucket({ rate: 2 / 60, burst: 2 }).enter(pluginCounters({ now }), "key", 1);
    // As it comes over the boundary: thousandths rounded down, microseconds rounded up.
    const told = { left: Math.floor(entered.left * 1e3) / 1e3, reset: Math.ceil(entered.reset! * 1e6) / 1e6 };
    return standingItem("all", told) === '"all";r=1;t=30';
  });
  await holds(t, property, 1000);
});

t.test("what is not there yet is not told", async (t) => {
  t.equal(standingItem("all", { left: 0.99, reset: 0.2 }), '"all";r=0;t=1');
  t.equal(standingItem("all", { left: 0, reset: null }), '"all";r=0');
});
