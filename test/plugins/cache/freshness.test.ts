import fc from "fast-check";
import t from "tap";
import { initialAge } from "../../../plugins/cache/age.ts";
import { governingDirectives } from "../../../plugins/cache/directives/targeted-directives.ts";
import { currentAge, lifetimeOf } from "../../../plugins/cache/freshness.ts";
import { defaultRules } from "../../../plugins/cache/rules.ts";
import { dateAt, type Fields, reader, start, stored } from "./messages.ts";

const day = 24 * 60 * 60;

function lifetime(fields: Fields, { status = 200, rules = defaultRules } = {}) {
  const governing = governingDirectives(reader(fields), rules.targetedFields);
  return lifetimeOf(status, reader(fields), governing, start, rules);
}

t.test("s-maxage goes before max-age, that before Expires", async (t) => {
  const expires = { date: dateAt(0), expires: dateAt(30) };
  t.same(lifetime({ "cache-control": "max-age=10, s-maxage=20", ...expires }), {
    duration: 20_000,
    source: "explicit",
  });
  t.same(lifetime({ "cache-control": "max-age=10", ...expires }), { duration: 10_000, source: "explicit" });
  t.same(lifetime(expires), { duration: 30_000, source: "explicit" });
  t.same(lifetime({ "cache-control": ["max-age=10", "s-maxage=0"] }), { duration: 0, source: "explicit" });
});

t.test("Expires counts from Date, or from the arrival where Date is none", async (t) => {
  t.equal(lifetime({ date: dateAt(-10), expires: dateAt(5) }).duration, 15_000);
  t.equal(lifetime({ date: "now", expires: dateAt(5) }).duration, 5000);
  t.equal(lifetime({ expires: dateAt(5) }).duration, 5000);
});

t.test("Expires that is no date, in the past or there twice is stale and not unknown", async (t) => {
  for (const expires of ["0", "-1", "soon", dateAt(-5), [dateAt(5), dateAt(5)]])
    t.same(lifetime({ date: dateAt(0), expires, "last-modified": dateAt(-day) }), {
      duration: 0,
      source: "explicit",
    });
});

t.test("a targeted field takes the place of Cache-Control and Expires", async (t) => {
  const others = { "cache-control": "no-store, max-age=1", expires: dateAt(-5), date: dateAt(0) };
  t.same(lifetime({ "cdn-cache-control": "max-age=60", ...others }), {
    duration: 60_000,
    source: "explicit",
  });
  t.equal(lifetime({ "cdn-cache-control": "must-revalidate", ...others }).source, "none");
  t.equal(lifetime({ "cdn-cache-control": 'max-age="60"', ...others }).duration, 1000, "the wrong type");
  t.equal(lifetime({ "cdn-cache-control": "max-age=60, &", ...others }).duration, 1000, "malformed");
  t.equal(lifetime({ "cdn-cache-control": "", ...others }).duration, 1000, "empty");
  t.equal(
    lifetime(
      { "cdn-cache-control": "max-age=60", ...others },
      { rules: { ...defaultRules, targetedFields: [] } },
    ).duration,
    1000,
  );
  const rules = { ...defaultRules, targetedFields: ["sluice-cache-control", "cdn-cache-control"] };
  const both = { "cdn-cache-control": "max-age=60", "sluice-cache-control": "max-age=5" };
  t.equal(lifetime(both, { rules }).duration, 5000, "the most specific field");
});

t.test("a guess is a tenth of the time since Last-Modified, within a bound", async (t) => {
  t.same(lifetime({ date: dateAt(0), "last-modified": dateAt(-1000) }), {
    duration: 100_000,
    source: "heuristic",
  });
  t.equal(lifetime({ date: dateAt(0), "last-modified": dateAt(-1000 * day) }).duration, day * 1000);
  t.equal(lifetime({ date: dateAt(0), "last-modified": dateAt(5) }).source, "none", "modified in the future");
  t.equal(lifetime({ date: dateAt(0) }).source, "none");
  const rules = { ...defaultRules, heuristicFraction: 0 };
  t.equal(
    lifetime({ date: dateAt(0), "last-modified": dateAt(-1000) }, { rules }).source,
    "none",
    "switched off",
  );
});

t.test(
  "only statuses that are cacheable by themselves, or public responses, are guessed about",
  async (t) => {
    const modified = { date: dateAt(0), "last-modified": dateAt(-1000) };
    for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
      t.equal(lifetime(modified, { status }).source, "heuristic", `${status}`);
    for (const status of [201, 202, 302, 307, 400, 403, 500, 502, 503, 504, 599]) {
      t.equal(lifetime(modified, { status }).source, "none", `${status}`);
      t.equal(
        lifetime({ ...modified, "cache-control": "public" }, { status }).source,
        "heuristic",
        `public ${status}`,
      );
    }
  },
);

t.test(
  "the operator's lifetime of a status goes before a guess and after what the origin says",
  async (t) => {
    const rules = { ...defaultRules, lifetimes: { 404: 5000, 503: 1000 } };
    t.same(lifetime({ "last-modified": dateAt(-1000) }, { status: 404, rules }), {
      duration: 5000,
      source: "configured",
    });
    t.equal(lifetime({}, { status: 503, rules }).duration, 1000);
    t.equal(lifetime({ "cache-control": "max-age=1" }, { status: 404, rules }).duration, 1000);
    t.equal(lifetime({}, { status: 200, rules }).source, "none");
  },
);

t.test("the age on arrival is the larger of Date's and Age's, with the time the exchange took", async (t) => {
  const age = (fields: Fields, requested = start) =>
    initialAge(reader(fields), { requested, responded: start });
  t.equal(age({}), 0);
  t.equal(age({ date: dateAt(-5) }), 5000);
  t.equal(age({ date: dateAt(5) }), 0, "a clock that is ahead");
  t.equal(age({ age: "30" }, start - 2000), 32_000);
  t.equal(age({ age: "3", date: dateAt(-60) }, start - 2000), 60_000);
  t.equal(age({}, start + 2000), 0, "a clock that was set back");
});

t.test("of Age the first member counts, and what is no number is ignored", async (t) => {
  const age = (value: string | readonly string[]) =>
    initialAge(reader({ age: value }), { requested: start, responded: start });
  for (const value of ["abc", "-7200", "7200.0", "", ", 7200", "1 2", "7200;a=1"])
    t.equal(age(value), 0, value);
  for (const value of ["7200, 0", ["7200", "0"], "7200", " 7200 "]) t.equal(age(value), 7_200_000);
  t.equal(age("0, 7200"), 0);
  t.equal(age("9".repeat(30)), 2 ** 31 * 1000);
});

t.test("age only grows with the time, and never from a clock that is set back", async () => {
  const moment = fc.integer({ min: -1e9, max: 1e9 });
  fc.assert(
    fc.property(fc.nat(1e6), moment, moment, (age, one, other) => {
      const response = stored({ age: `${age}` });
      const [earlier, later] = [Math.min(one, other), Math.max(one, other)];
      const [young, old] = [currentAge(response, start + earlier), currentAge(response, start + later)];
      return young >= age * 1000 && old >= young && old - young <= later - earlier;
    }),
  );
});
