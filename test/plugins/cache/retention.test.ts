import fc from "fast-check";
import t from "tap";
import { remainingOf, usefulFor } from "../../../plugins/cache/retention.ts";
import { planLookup } from "../../../plugins/cache/reuse.ts";
import { type CacheRules, defaultRules } from "../../../plugins/cache/rules.ts";
import { type Fields, request, start, stored } from "./messages.ts";

const strict: CacheRules = { ...defaultRules, staleIfUnreachable: 0 };

function useful(cacheControl: string, rules = strict, fields: Fields = {}): number {
  return usefulFor(stored({ "cache-control": cacheControl, ...fields }), start, rules);
}

t.test("a response is of use while it is fresh and may be used stale", async (t) => {
  t.equal(useful("max-age=60"), 60_000);
  t.equal(useful("max-age=60", strict, { age: "50" }), 10_000);
  t.equal(useful("max-age=60, stale-if-error=30, stale-while-revalidate=10"), 90_000);
  t.equal(useful("max-age=60", { ...strict, staleIfUnreachable: 5000 }), 65_000);
  t.equal(useful("s-maxage=60", { ...strict, staleIfUnreachable: 5000 }), 60_000);
  t.equal(useful("max-age=60, must-revalidate, stale-if-error=30"), 60_000);
  t.equal(useful("max-age=60", strict, { age: "70" }), 0);
});

t.test("a response that can be validated is of use for ever", async (t) => {
  t.equal(useful("max-age=60", strict, { etag: '"a"' }), Infinity);
  t.equal(useful("max-age=60", strict, { "last-modified": "x" }), Infinity);
});

t.test("what is left of its freshness is negative once it is over", async (t) => {
  const response = stored({ "cache-control": "max-age=60" });
  t.same(
    [0, 59_000, 61_000].map((after) => remainingOf(response, start + after)),
    [60_000, 1000, -1000],
  );
});

t.test("after that, nothing can be answered with it, whatever the windows", async () => {
  const window = fc.constantFrom(0, 1, 5, 9);
  const directive = fc.constantFrom(
    "stale-while-revalidate=7",
    "stale-if-error=3",
    "must-revalidate",
    "s-maxage=4",
    "no-cache",
  );
  fc.assert(
    fc.property(window, window, window, fc.uniqueArray(directive), (refresh, error, silence, directives) => {
      const rules = {
        ...strict,
        staleWhileRevalidate: refresh * 1000,
        staleIfError: error * 1000,
        staleIfUnreachable: silence * 1000,
      };
      const response = stored({ "cache-control": ["max-age=2", ...directives].join(", ") });
      const end = start + usefulFor(response, start, rules);
      const isOfUse = (now: number) => {
        const plan = planLookup(response, request(), now, rules);
        return (
          plan.kind === "answer" ||
          (plan.kind === "validate" && (plan.fallback.onError || plan.fallback.onSilence))
        );
      };
      return !isOfUse(end + 1) && (directives.includes("no-cache") || isOfUse(end - 1));
    }),
  );
});
