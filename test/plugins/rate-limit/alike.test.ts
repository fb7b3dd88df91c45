/** What Redis decides and what the memory of one machine decides is the same, for any requests at any time. */
import { createClient } from "@redis/client";
import fc from "fast-check";
import t, { type Test } from "tap";
import { storeSteps } from "../../../core/policy/operations/store-steps.ts";
import { scriptWith } from "../../../core/store/redis/script.ts";
import { concurrency } from "../../../plugins/rate-limit/concurrency.ts";
import type { Entered, Limiter } from "../../../plugins/rate-limit/limiter.ts";
import { quota } from "../../../plugins/rate-limit/quota.ts";
import { slidingWindow } from "../../../plugins/rate-limit/sliding-window.ts";
import { owingBucket } from "../../../plugins/rate-limit/token-bucket.ts";
import { missing } from "../../support/missing.ts";
import { type MovedClock, pluginCounters } from "../../support/plugin-counters.ts";
import { startRedis } from "../../support/redis-server.ts";
import { holds } from "../../wire/property.ts";

const skip = missing("redis-server");

/** The script with the time of the test. */
const script = scriptWith("local now = tonumber(table.remove(ARGV))\n");

interface Kind {
  /** As a policy asks for it: the letter of its kind, and its rule. */
  readonly asked: readonly [op: string, ...rule: unknown[]];
  readonly limiter: (clock: MovedClock) => Limiter;
}

const day = 86_400_000;

/** With the pauses that matter to it, in ms. */
const kinds: Readonly<Record<string, Kind & { readonly pauses: readonly number[] }>> = {
  "a bucket": {
    asked: ["b", 4, 7],
    limiter: () => owingBucket({ rate: 4, burst: 7 }),
    pauses: [0, 1, 33, 250, 999, 5000],
  },
  "a window": {
    asked: ["w", 9, 2],
    limiter: () => slidingWindow(9, 2),
    pauses: [0, 1, 199, 200, 201, 700, 2000, 2199, 9000],
  },
  "a day": {
    asked: ["q", 9, "day", 90],
    limiter: (clock) => quota(9, "day", 90, () => clock.now),
    pauses: [0, 1000, day / 24, day / 3, day],
  },
  "a month": {
    asked: ["q", 9, "month", -600],
    limiter: (clock) => quota(9, "month", -600, () => clock.now),
    pauses: [0, 1000, day / 3, day, 9 * day, 31 * day],
  },
  places: {
    asked: ["p", 5, 3],
    limiter: () => concurrency(5, 3),
    pauses: [0, 1, 500, 2999, 3000, 6000],
  },
};

/** Redis under the test's clock. */
async function scripted(t: Test) {
  const redis = await startRedis(t);
  const client = createClient({ socket: { host: "127.0.0.1", port: redis.port }, RESP: 2 });
  await client.connect();
  t.teardown(() => client.destroy());
  /** @param groups each with what a policy asks: op, key, values */
  const run = async (now: number, groups: readonly (readonly unknown[])[][]): Promise<string[]> => {
    const steps = groups.map((group) => storeSteps(JSON.stringify(["store", group]))[1]);
    const keys = steps.flat().map(({ op, key }) => `${op.toLowerCase()} ${key}`);
    const values = steps.flatMap((group) => [
      group.length,
      ...group.flatMap(({ op, values }) => [op, ...values]),
    ]);
    return client.eval(script, {
      keys,
      arguments: [...values, now].map(String),
    }) as unknown as Promise<string[]>;
  };
  return { run, clear: () => client.flushAll() };
}

/** What is compared of a standing. */
type Seen = readonly [allowed: boolean, wait: number, left: number, reset: number];

function seenIn(text: string): Seen {
  const [allowed = 0, wait = 0, left = 0, reset = 0] = text.split(" ").map(Number);
  return [allowed === 1, wait, left, reset];
}

function seenOf({ allowed, wait, left, reset }: Entered): Seen {
  const finite = (value: number | null) => (value !== null && Number.isFinite(value) ? value : -1);
  return [allowed, finite(wait), left, finite(reset)];
}

function isAlike(one: readonly Seen[], other: readonly Seen[]): boolean {
  return (
    one.length === other.length &&
    one.every((seen, index) =>
      seen.every((value, part) => Math.abs(Number(value) - Number(other[index]![part])) < 1e-3),
    )
  );
}

const costs = fc.constantFrom(1, 1, 1, 2, 0.5, 5, 50);
/** The script's numbers are those of a real time; a year in which February has 29 days follows. */
const begin = Date.UTC(2027, 11, 30, 23, 59, 58);

for (const [name, { asked, limiter, pauses }] of Object.entries(kinds)) {
  t.test(`${name} gives, refuses and tells in Redis as in memory`, { skip }, async (t) => {
    const { run, clear } = await scripted(t);
    const steps = fc.array(fc.record({ pause: fc.constantFrom(...pauses), cost: costs }), {
      minLength: 1,
      maxLength: 60,
    });
    const property = fc.asyncProperty(steps, async (steps) => {
      await clear();
      const clock: MovedClock = { now: begin };
      const counters = pluginCounters(clock);
      const own = limiter(clock);
      for (const { pause, cost } of steps) {
        clock.now += pause;
        const [reply] = await run(clock.now, [[[asked[0], "key", 0, cost, ...asked.slice(1)]]]);
        const found = reply!.split(";").slice(1).map(seenIn);
        if (!isAlike(found, [seenOf(own.enter(counters, "key", cost))])) return false;
      }
      return true;
    });
    await holds(t, property, 40);
  });
}

t.test("all limits at once decide in Redis as one after the other in memory", { skip }, async (t) => {
  const { run, clear } = await scripted(t);
  const all = Object.entries(kinds);
  const steps = fc.array(
    fc.record({
      pause: fc.constantFrom(0, 1, 200, 999, 3000, day),
      cost: costs,
      ends: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  );
  const property = fc.asyncProperty(steps, async (steps) => {
    await clear();
    const clock: MovedClock = { now: begin };
    const counters = pluginCounters(clock);
    const limiters = all.map(([, { limiter }]) => limiter(clock));
    for (const { pause, cost, ends } of steps) {
      clock.now += pause;
      const [reply] = await run(clock.now, [
        all.map(
          ([
            key,
            {
              asked: [op, ...rule],
            },
          ]) => [op, key, 0, cost, ...rule],
        ),
      ]);
      const found = reply!.split(";").slice(1);
      const own: Entered[] = [];
      for (const [index, limiter] of limiters.entries()) {
        const entered = limiter.enter(counters, all[index]![0], cost);
        own.push(entered);
        if (entered.allowed) continue;
        for (let before = 0; before < index; before++)
          limiters[before]!.undo(counters, all[before]![0], cost, own[before]!.ticket);
        break;
      }
      if (!isAlike(found.map(seenIn), own.map(seenOf))) return false;
      const last = own.at(-1)!;
      if (!ends || !last.allowed) continue;
      // The request is over.
      limiters.at(-1)!.leave!(counters, "places", cost, last.ticket);
      await run(clock.now, [[["P", "places", -cost, last.ticket, 5, 3]]]);
    }
    return true;
  });
  await holds(t, property, 40);
});

t.test("what turns out later is counted in Redis as in memory", { skip }, async (t) => {
  const { run, clear } = await scripted(t);
  for (const [name, { asked, limiter, pauses }] of Object.entries(kinds)) {
    if (name === "places") continue;
    const steps = fc.array(
      fc.record({ pause: fc.constantFrom(...pauses), cost: costs, more: fc.constantFrom(0, 1, 3, 20, -1) }),
      { minLength: 1, maxLength: 40 },
    );
    const property = fc.asyncProperty(steps, async (steps) => {
      await clear();
      const clock: MovedClock = { now: begin };
      const counters = pluginCounters(clock);
      const own = limiter(clock);
      for (const { pause, cost, more } of steps) {
        clock.now += pause;
        const [reply] = await run(clock.now, [[[asked[0], "key", 0, cost, ...asked.slice(1)]]]);
        const found = reply!.split(";").slice(1).map(seenIn);
        const entered = own.enter(counters, "key", cost);
        if (!isAlike(found, [seenOf(entered)])) return false;
        if (!entered.allowed || more === 0) continue;
        const by = more < 0 ? -cost : more;
        if (more < 0) own.undo(counters, "key", cost, entered.ticket);
        else own.charge!(counters, "key", more, entered.ticket);
        await run(clock.now, [[[asked[0].toUpperCase(), "key", by, entered.ticket, ...asked.slice(1)]]]);
      }
      return true;
    });
    await holds(t, property, 25);
  }
});

t.test("groups of one call are done one after the other, each for itself", { skip }, async (t) => {
  const { run } = await scripted(t);
  const take = (cost: number) => [["p", "key", 0, cost, 3, 60]];
  const replies = await run(begin, [take(2), take(2), take(1), take(1)]);
  t.same(
    replies.map((reply) => reply[0]),
    ["1", "0", "1", "0"],
  );
});

t.test("a group that fails does not take the others with it", { skip }, async (t) => {
  const { run } = await scripted(t);
  await run(begin, [[["set", "wrong", 1, 60]]]);
  const take = (key: string) => [["p", key, 0, 1, 3, 60]];
  const replies = await run(begin, [take("before"), [["p", "wrong", 0, 1, 3, 60]], take("after")]);
  t.equal(replies.length, 3);
  t.same([replies[0]![0], replies[2]![0]], ["1", "1"]);
});

/** What each kind may give in so many ms, whatever the clock does. */
const most: Readonly<Record<string, (ms: number) => number>> = {
  "a bucket": (ms) => 7 + (4 * ms) / 1000,
  "a window": () => 9,
  places: () => 5,
};

for (const [name, bound] of Object.entries(most)) {
  t.test(
    `attack: a server's clock that is set back gives no more of ${name}, and all of it soon`,
    {
      skip,
    },
    async (t) => {
      const { run, clear } = await scripted(t);
      const { asked } = kinds[name]!;
      const take = async (now: number, cost: number) => {
        const [reply] = await run(now, [[[asked[0], "key", 0, cost, ...asked.slice(1)]]]);
        return reply![0] === "1";
      };
      const back = fc.constantFrom(1, 150, 1000, 2500, 7000, 3_600_000, day);
      const property = fc.asyncProperty(back, fc.nat({ max: 9 }), async (back, before) => {
        await clear();
        let given = 0;
        for (let request = 0; request < before; request++) if (await take(begin, 1)) given++;
        for (let request = 0; request < 12; request++) if (await take(begin - back, 1)) given++;
        if (given > bound(0)) return false;
        // A window, twice the time that a place is held, a bucket that was empty.
        return take(begin - back + 6001, 5);
      });
      await holds(t, property, 40);
    },
  );
}
