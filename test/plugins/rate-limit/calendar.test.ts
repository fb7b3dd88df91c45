import fc from "fast-check";
import t from "tap";
import { spanAt } from "../../../plugins/rate-limit/calendar.ts";
import { quota } from "../../../plugins/rate-limit/quota.ts";
import { pluginCounters } from "../../support/plugin-counters.ts";
import { holds } from "../../wire/property.ts";

const at = (text: string) => Date.parse(text);

t.test("a month is one of the calendar, of any length", async (t) => {
  t.same(spanAt("month", at("2028-02-29T23:59:59.999Z"), 0), {
    name: "2028-02",
    begin: at("2028-02-01T00:00:00Z"),
    end: at("2028-03-01T00:00:00Z"),
  });
  t.match(spanAt("month", at("2026-12-31T23:00:00Z"), 0), {
    name: "2026-12",
    end: at("2027-01-01T00:00:00Z"),
  });
});

t.test("a day begins earlier where clocks are ahead of UTC", async (t) => {
  t.same(spanAt("day", at("2026-11-20T22:30:00Z"), 120), {
    name: "2026-11-21",
    begin: at("2026-11-20T22:00:00Z"),
    end: at("2026-11-21T22:00:00Z"),
  });
  t.match(spanAt("month", at("2026-12-01T04:00:00Z"), -300), {
    name: "2026-11",
    end: at("2026-12-01T05:00:00Z"),
  });
});

t.test("every time is in its span, and spans follow each other", async (t) => {
  const property = fc.property(
    fc.integer({ min: 0, max: 4e12 }),
    fc.integer({ min: -840, max: 840 }),
    fc.constantFrom("day" as const, "month" as const),
    (now, offset, period) => {
      const { name, begin, end } = spanAt(period, now, offset);
      const next = spanAt(period, end, offset);
      return begin <= now && now < end && next.begin === end && next.name > name;
    },
  );
  await holds(t, property, 1000);
});

t.test(
  "a quota begins anew with its period, tells when that is, and counts late costs where they belong",
  async (t) => {
    const clock = { now: at("2026-11-21T23:00:00Z") };
    const counters = pluginCounters(clock);
    const limiter = quota(10, "day", 0, () => clock.now);
    const { ticket } = limiter.enter(counters, "key", 9);
    t.match(limiter.enter(counters, "key", 2), { allowed: false, wait: 3600, left: 1, reset: 3600 });
    clock.now += 3_600_000;
    t.match(limiter.enter(counters, "key", 2), { allowed: true, left: 8 });
    limiter.charge!(counters, "key", 100, ticket);
    t.match(limiter.enter(counters, "key", 8), { allowed: true, left: 0 });
    t.match(limiter.enter(counters, "key", 1), { allowed: false, wait: 86_400 });
  },
);

t.test("a clock that is set back finds what was counted", async (t) => {
  const clock = { now: at("2026-11-22T00:00:10Z") };
  const counters = pluginCounters(clock);
  const limiter = quota(1, "day", 0, () => clock.now);
  clock.now = at("2026-11-21T23:59:59Z");
  t.ok(limiter.enter(counters, "key", 1).allowed);
  clock.now = at("2026-11-22T00:00:05Z");
  t.ok(limiter.enter(counters, "key", 1).allowed);
  clock.now = at("2026-11-21T23:59:58Z");
  t.notOk(limiter.enter(counters, "key", 1).allowed);
});
