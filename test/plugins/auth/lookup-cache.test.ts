import fc from "fast-check";
import t from "tap";
import { type Found, LookupCache } from "../../../plugins/auth/lookup-cache.ts";

/** A cache whose answers are numbers, of which negative ones are no good, and a server behind a clock. */
function start(most = 100) {
  const server = { time: 0, isDown: false, asked: 0, answer: 1, fresh: 10, stale: 100 };
  const cache = new LookupCache<number>({
    most,
    pause: 5,
    isGood: (value) => value > 0,
    now: () => server.time,
  });
  const ask = async (): Promise<Found<number>> => {
    server.asked++;
    if (server.isDown) throw new Error("it is down");
    return {
      value: server.answer,
      freshUntil: server.time + server.fresh,
      staleUntil: server.time + server.stale,
    };
  };
  const get = async (key: string) => cache.known(key) ?? (await cache.ask(key, ask));
  return { server, cache, get, ask };
}

t.test("an answer holds for its time, and an old one while there is no other", async (t) => {
  const { server, get } = start();
  t.equal(await get("a"), 1);
  server.time = 9;
  t.equal(await get("a"), 1);
  t.equal(server.asked, 1);
  server.time = 10;
  server.isDown = true;
  t.equal(await get("a"), 1, "of old");
  t.equal(server.asked, 2);
  server.time = 14;
  t.equal(await get("a"), 1);
  t.equal(server.asked, 2, "a server that just failed is left alone");
  server.time = 15;
  t.equal(await get("a"), 1);
  t.equal(server.asked, 3);
  server.time = 100;
  await t.rejects(get("a"), { message: "it is down" });
  await t.rejects(get("b"), { message: "it is down" });
});

t.test("attack: a token that was taken back is not good again when the server goes down", async (t) => {
  const { server, get } = start();
  t.equal(await get("a"), 1);
  server.time = 10;
  server.answer = -1;
  t.equal(await get("a"), -1);
  server.time = 25;
  server.isDown = true;
  await t.rejects(get("a"), { message: "it is down" });
});

t.test("an answer that says no does not hold longer than it is fresh, whatever else it says", async (t) => {
  const { server, get } = start();
  server.answer = -1;
  t.equal(await get("a"), -1);
  server.time = 10;
  server.answer = 1;
  t.equal(await get("a"), 1);
});

t.test("a question that failed is asked anew, and many at once are one", async (t) => {
  const { server, get } = start();
  server.isDown = true;
  const failed = await Promise.allSettled([get("a"), get("a"), get("b")]);
  t.same(
    failed.map(({ status }) => status),
    ["rejected", "rejected", "rejected"],
  );
  t.equal(server.asked, 2);
  server.isDown = false;
  t.equal(await get("a"), 1);
});

t.test("whatever happens, an answer is one that the server gave within its time", async (t) => {
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 12 }),
    key: fc.constantFrom("a", "b"),
    answer: fc.constantFrom(1, 2, -1),
    isDown: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { server, cache, ask } = start(4);
      server.stale = 20;
      const last = new Map<string, { value: number; at: number }>();
      for (const { wait, key, answer, isDown } of steps) {
        server.time += wait;
        Object.assign(server, { answer, isDown });
        const before = server.asked;
        let got: number | null = null;
        try {
          got = cache.known(key) ?? (await cache.ask(key, ask));
        } catch {
          // There was nothing to go by.
        }
        if (server.asked > before && !isDown) last.set(key, { value: answer, at: server.time });
        const known = last.get(key);
        if (got === null) {
          t.ok(isDown);
          continue;
        }
        if (known?.value !== got || server.time - known.at >= (got > 0 ? 20 : 10)) {
          t.fail(`${got} of ${JSON.stringify(known)} at ${server.time}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});
