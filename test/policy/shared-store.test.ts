/** `ctx.store(name)` as policies of one's own use it. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../core/testing/index.ts";
import { engines } from "../support/each-engine.ts";
import { missing } from "../support/missing.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";

t.teardown(stopBundler);
const skip = missing("redis-server");

/** Gives what the body of an `async onRequest(request, ctx)` returns, as JSON. */
async function run(
  redis: RedisServer,
  body: string,
  options: Partial<TestGatewayOptions> = {},
  capabilities = "{ kv: true }",
): Promise<unknown> {
  const source = `export default { capabilities: ${capabilities}, async onRequest(request, ctx) {
    const found = await (async () => { ${body} })().catch((error) => ({ name: error.name, message: error.message }));
    return Response.json(found ?? null);
  } };`;
  await using gateway = await testGateway({
    plugins: [{ name: "own", source }],
    stores: { shared: redis.url },
    ...options,
  });
  return (await gateway.fetch("/")).json();
}

for (const engine of engines) {
  t.test(`numbers are set, added to, swapped and deleted, on ${engine}`, { skip }, async (t) => {
    const redis = await startRedis(t);
    const found = await run(
      redis,
      `const store = ctx.store("shared");
      const found = [await store.get("a") ?? null];
      await store.set("a", 1.5, { ttl: 60 });
      found.push(await store.get("a"), await store.add("a", 0.25, { ttl: 60 }));
      found.push(await store.add("a", 5, { ttl: 60, most: 6 }) ?? null, await store.get("a"));
      found.push(await store.compareAndSet("a", 1, 9, { ttl: 60 }), await store.compareAndSet("a", 1.75, 9, { ttl: 60 }));
      found.push(await store.compareAndSet("b", undefined, 7, { ttl: 60 }), await store.compareAndSet("b", undefined, 8, { ttl: 60 }));
      found.push(await store.get("a"), await store.delete("a"), await store.delete("a"), await store.get("b"));
      return found;`,
      { engine },
    );
    t.same(found, [null, 1.5, 1.75, null, 1.75, false, true, true, false, 9, true, false, 7]);
  });

  t.test(`limits are taken from together, and adjusted, on ${engine}`, { skip }, async (t) => {
    const redis = await startRedis(t);
    const found = (await run(
      redis,
      `const store = ctx.store("shared");
      const places = { key: "places", places: { limit: 3, hold: 60 } };
      const day = { key: "day", quota: { limit: 10, period: "day" } };
      const one = await store.take([{ ...day, cost: 4 }, places]);
      const other = await store.take([{ ...day, cost: 4 }, { ...places, cost: 3 }]);
      const ticket = one.standings[1].ticket;
      await store.adjust([{ ...places, by: -1, ticket }]);
      const third = await store.take([{ ...day, cost: 20, optional: true }, { ...places, cost: 3 }]);
      return [one, other, third, await store.take([])];`,
      { engine },
    )) as { allowed: boolean; standings: { allowed: boolean; left: number; wait: number | null }[] }[];
    t.match(found, [
      {
        allowed: true,
        standings: [
          { allowed: true, left: 6 },
          { allowed: true, left: 2, reset: null },
        ],
      },
      { allowed: false, standings: [{ allowed: true }, { allowed: false, left: 0, wait: 1 }] },
      {
        allowed: true,
        standings: [
          { allowed: false, left: 6, wait: null },
          { allowed: true, left: 0 },
        ],
      },
      { allowed: true, standings: [] },
    ]);
  });
}

t.test("what is asked at the same moment goes in one call", { skip }, async (t) => {
  const redis = await startRedis(t);
  await redis.say("CONFIG", "RESETSTAT");
  const found = await run(
    redis,
    'return Promise.all(Array.from({ length: 50 }, () => ctx.store("shared").add("n", 1, { ttl: 60 })));',
  );
  t.same(
    found,
    Array.from({ length: 50 }, (_, index) => index + 1),
    "in order",
  );
  t.equal(await redis.calls("evalsha"), 1);
});

t.test("without the grant of kv there is no store", { skip }, async (t) => {
  const redis = await startRedis(t);
  t.match(await run(redis, 'return ctx.store("shared").get("a");', {}, "{}"), { name: "NotAllowedError" });
});

t.test("a name that the config does not have is told", { skip }, async (t) => {
  const redis = await startRedis(t);
  t.match(await run(redis, 'return ctx.store("other").get("a");'), {
    name: "NotFoundError",
    message: /There is no store other/,
  });
});

t.test("attack: a long key is refused before it is sent", { skip }, async (t) => {
  const redis = await startRedis(t);
  t.match(await run(redis, 'return ctx.store("shared").get("a".repeat(1025));'), { name: "TypeError" });
  t.same(await redis.list("KEYS", "sluice:own*"), []);
});

t.test("attack: values are numbers, and nothing of them reaches the script", { skip }, async (t) => {
  const redis = await startRedis(t);
  for (const value of ['"1"', "NaN", "{}", "1n", "[1]", "undefined"]) {
    const found = await run(redis, `return ctx.store("shared").set("a", ${value}, { ttl: 60 });`);
    t.match(found, { name: "TypeError" }, value);
  }
});

t.test("a lost store says that it is lost, and nothing of where it was", { skip }, async (t) => {
  const redis = await startRedis(t);
  await redis.kill();
  const found = await run(redis, 'return ctx.store("shared").get("a");');
  t.same(found, { name: "NetworkError", message: "The store shared is lost" });
});

t.test("a store is asked in setup, too", { skip }, async (t) => {
  const redis = await startRedis(t);
  const source = `let begun;
    export default { capabilities: { kv: true },
      async setup(config, host) { begun = await host.store("shared").add("begun", 1, { ttl: 60 }); },
      onRequest() { return Response.json(begun); } };`;
  await using gateway = await testGateway({
    plugins: [{ name: "own", source }],
    stores: { shared: redis.url },
  });
  t.equal(await (await gateway.fetch("/")).json(), 1);
});
