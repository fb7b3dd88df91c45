import fc from "fast-check";
import t from "tap";
import { type LookupPlan, planLookup, type Reuse } from "../../../plugins/cache/reuse.ts";
import { type CacheRules, defaultRules } from "../../../plugins/cache/rules.ts";
import { type Fields, request, start, stored } from "./messages.ts";

const no = { onError: false, onSilence: false };
const silence = { onError: false, onSilence: true };
const both = { onError: true, onSilence: true };
const answer: Reuse = { kind: "answer", refresh: false };
const refresh: Reuse = { kind: "answer", refresh: true };
const stale = (fallback: typeof no): Reuse => ({ kind: "validate", because: "stale", fallback });
const asked = (fallback: typeof no): Reuse => ({ kind: "validate", because: "request", fallback });

/** What may be done, `seconds` after it arrived, with a response that has this Cache-Control. */
function reuse(
  cacheControl: string,
  seconds: number,
  fields: Fields = {},
  rules: Partial<CacheRules> = {},
): LookupPlan {
  const response = stored({ "cache-control": cacheControl });
  return planLookup(response, request(fields), start + seconds * 1000, { ...defaultRules, ...rules });
}

t.test("a response is the answer until its lifetime is over, not a moment longer", async (t) => {
  t.same(reuse("max-age=10", 0), answer);
  t.same(reuse("max-age=10", 9.999), answer);
  t.same(reuse("max-age=10", 10), stale(silence));
  t.same(reuse("max-age=0", 0), stale(silence));
});

t.test("no-cache needs validation even when it is fresh, and nothing stands in for it", async (t) => {
  t.same(reuse("no-cache, max-age=10", 0), stale(no));
  t.same(reuse('no-cache="a", max-age=10', 0), answer, "some fields only");
});

t.test("must-revalidate and proxy-revalidate count once it is stale, whatever else allows it", async (t) => {
  for (const directive of ["must-revalidate", "proxy-revalidate"]) {
    const cacheControl = `max-age=10, stale-while-revalidate=60, stale-if-error=60, ${directive}`;
    t.same(reuse(cacheControl, 9), answer);
    const rules = { staleIfError: 1e9, staleWhileRevalidate: 1e9 };
    t.same(reuse(cacheControl, 10, { "cache-control": "max-stale, stale-if-error=60" }, rules), stale(no));
  }
});

t.test("s-maxage forbids stale use but for what is allowed beside it", async (t) => {
  const rules = { staleIfError: 1e9, staleWhileRevalidate: 1e9 };
  t.same(reuse("s-maxage=10", 11, { "cache-control": "max-stale" }, rules), stale(no));
  t.same(reuse("s-maxage=10, stale-while-revalidate=5", 11), refresh);
  t.same(reuse("s-maxage=10, stale-if-error=5", 11), stale(both));
  t.same(reuse("s-maxage=10, stale-if-error=5", 16), stale(no));
});

t.test(
  "while it is refreshed, it is used within the window that the origin gave, or the operator",
  async (t) => {
    t.same(reuse("max-age=10, stale-while-revalidate=5", 15), refresh);
    t.same(reuse("max-age=10, stale-while-revalidate=5", 15.001), stale(silence));
    t.same(
      reuse("max-age=10, stale-while-revalidate=0", 10, {}, { staleWhileRevalidate: 5000 }),
      stale(silence),
    );
    t.same(reuse("max-age=10", 12, {}, { staleWhileRevalidate: 5000 }), refresh);
    t.same(reuse("max-age=10, stale-while-revalidate=soon", 10), stale(silence), "an invalid window is none");
  },
);

t.test("it stands in for an error within the window of the origin, the client or the operator", async (t) => {
  t.same(reuse("max-age=10, stale-if-error=5", 15), stale(both));
  t.same(reuse("max-age=10, stale-if-error=5", 16), stale(silence));
  t.same(
    reuse("max-age=10, stale-if-error=5", 16, {}, { staleIfError: 60_000 }),
    stale(silence),
    "the origin's word",
  );
  t.same(reuse("max-age=10", 16, { "cache-control": "stale-if-error=6" }), stale(both));
  t.same(reuse("max-age=10", 16, {}, { staleIfError: 6000 }), stale(both));
  t.same(reuse("max-age=10", 10 + 3601), stale(no), "the origin is silent for too long");
});

t.test("a client may ask for a younger, a fresher or a staler response", async (t) => {
  const wish = (cacheControl: string) => ({ "cache-control": cacheControl });
  t.same(reuse("max-age=10", 5, wish("no-cache")), asked(silence));
  t.same(reuse("max-age=10", 5, wish("max-age=4")), asked(silence));
  t.same(reuse("max-age=10", 5, wish("max-age=5")), answer);
  t.same(reuse("max-age=10", 5, wish("min-fresh=5")), answer);
  t.same(reuse("max-age=10", 5, wish("min-fresh=6")), asked(silence));
  t.same(reuse("max-age=10", 15, wish("max-stale=5")), answer);
  t.same(reuse("max-age=10", 16, wish("max-stale=5")), stale(silence));
  t.same(reuse("max-age=10", 1e6, wish("max-stale")), answer);
});

t.test("where clients do not count, none of it matters", async (t) => {
  const rules = { ...defaultRules, honourClients: false };
  for (const wish of ["no-cache", "max-age=0", "min-fresh=100"])
    t.same(reuse("max-age=10", 5, { "cache-control": wish }, rules), answer, wish);
  t.same(reuse("max-age=10", 11, { "cache-control": "max-stale" }, rules), stale(silence));
});

t.test("a client that wants what is stored or nothing gets no more than that", async (t) => {
  const only = { "cache-control": "only-if-cached" };
  t.same(reuse("max-age=10", 5, only), answer);
  t.same(reuse("max-age=10", 11, only), { kind: "refuse" });
  const ignoring = { ...defaultRules, honourClients: false };
  t.same(planLookup(null, request(only), start, defaultRules), { kind: "refuse" });
  t.same(planLookup(null, request(only), start, ignoring), { kind: "fetch" });
  t.same(planLookup(null, request(), start, defaultRules), { kind: "fetch" });
});

t.test("a response that must be revalidated never answers once it is stale", async () => {
  const seconds = fc.nat(100);
  const others = fc.subarray(["public", "stale-while-revalidate=50", "stale-if-error=50", "s-maxage=20"]);
  const wishes = fc.subarray(["max-stale", "max-stale=9", "stale-if-error=9", "max-age=50", "min-fresh=1"]);
  fc.assert(
    fc.property(seconds, others, wishes, (after, directives, wanted) => {
      const rules = { staleIfError: 1e9, staleWhileRevalidate: 1e9, staleIfUnreachable: 1e9 };
      const cacheControl = ["max-age=20", "must-revalidate", ...directives].join(", ");
      const found = reuse(cacheControl, after, { "cache-control": wanted.join(", ") }, rules);
      if (found.kind === "validate") return !found.fallback.onError && !found.fallback.onSilence;
      return found.kind === "answer" && after < 20 && !found.refresh;
    }),
  );
});
