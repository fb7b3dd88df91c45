/** API keys that are added and taken away while the proxy runs: in this plugin's kv, and in a store that machines share. */
import { createHash } from "node:crypto";
import t, { type Test } from "tap";
import { remoteStores } from "../../../core/data/open-store.ts";
import { StoreMetrics } from "../../../core/observe/store-metrics.ts";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { testStore } from "../../../core/testing/test-config.ts";
import { engines, onEachEngine } from "../../support/each-engine.ts";
import { missing } from "../../support/missing.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

t.teardown(stopBundler);
const skip = missing("redis-server");

const hashOf = (key: string) => createHash("sha256").update(key).digest("hex");
const nameOf = (key: string) => `api-key:${hashOf(key)}`;
const recordOf = (key: string, facts: object = {}) => ({
  key: `sha256:${hashOf(key)}`,
  subject: "billing",
  ...facts,
});
const upstream = (request: Request) => Response.json(Object.fromEntries(request.headers));

const start = (strategy: object, options: Partial<TestGatewayOptions> = {}, config: object = {}) =>
  testGateway({
    plugins: [["auth", { strategies: [{ type: "api-key", ...strategy }], ...config }]],
    upstream,
    ...options,
  });
type Gateway = Awaited<ReturnType<typeof start>>;
const show = (gateway: Gateway, key: string) => gateway.fetch("/", { headers: { "x-api-key": key } });
const statusOf = async (gateway: Gateway, key: string) => (await show(gateway, key)).status;

/** The store as an operator uses it. */
async function operator(t: Test, redis: RedisServer) {
  const stores = remoteStores(new StoreMetrics(), () => null);
  t.teardown(() => stores.close());
  await stores.prepare([testStore("shared", redis.url)]);
  stores.commit();
  const run = (op: "pin" | "unpin", key: string, value = "") =>
    stores.find("shared")!.run("auth", [{ op, key, values: ["", value, "", "", ""] }]);
  return {
    set: (key: string, record: unknown) => run("pin", nameOf(key), JSON.stringify(record)),
    setText: (key: string, text: string) => run("pin", nameOf(key), text),
    remove: (key: string) => run("unpin", nameOf(key)),
  };
}

onEachEngine("a key in kv passes as soon as it is there, and no longer than it is", async (t, engine) => {
  await using gateway = await start({ kv: true }, { engine }, { requireScopes: ["a"] });
  t.equal(await statusOf(gateway, "secret"), 401);
  await gateway.kv.set(nameOf("secret"), recordOf("secret", { scopes: ["a"], groups: ["g"] }));
  const response = await show(gateway, "secret");
  t.equal(response.status, 200);
  const seen = (await response.json()) as Record<string, string>;
  t.match(seen, { "x-auth-subject": "billing", "x-auth-scopes": "a", "x-auth-groups": "g" });
  t.notOk("x-api-key" in seen, "the service does not get the key");
  await gateway.kv.set(nameOf("secret"), recordOf("secret", { scopes: ["b"] }));
  t.equal(await statusOf(gateway, "secret"), 403, "its scopes are those of now");
  await gateway.kv.set(nameOf("secret"), recordOf("secret", { scopes: ["a"], disabled: true }));
  t.equal(await statusOf(gateway, "secret"), 401);
  t.equal(gateway.metrics.counter("refused_disabled"), 1);
  await gateway.kv.set(nameOf("secret"), recordOf("secret", { scopes: ["a"], expires: "2020-01-01" }));
  t.equal(await statusOf(gateway, "secret"), 401);
  t.equal(gateway.metrics.counter("refused_expired"), 1);
  await gateway.kv.set(nameOf("secret"), recordOf("secret", { scopes: ["a"], expires: "2999-01-01" }));
  t.equal(await statusOf(gateway, "secret"), 200);
  t.same(gateway.faults, []);
});

for (const engine of engines)
  t.test(
    `a key in a store passes, is remembered, and is forgotten in time, on ${engine}`,
    { skip },
    async (t) => {
      const redis = await startRedis(t);
      const keys = await operator(t, redis);
      const stores = { shared: redis.url };
      await using gateway = await start(
        { store: "shared", cacheFor: 0.2, unknownFor: 0.2 },
        { engine, stores },
      );
      t.equal(await statusOf(gateway, "secret"), 401);
      await keys.set("secret", recordOf("secret", { claims: { tenant: "acme" } }));
      const until = async (status: number) => {
        const begun = performance.now();
        while ((await statusOf(gateway, "secret")) !== status) {
          if (performance.now() - begun > 5000) throw new Error(`it never became ${status}`);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      await until(200);
      await redis.say("CONFIG", "RESETSTAT");
      for (let i = 0; i < 20; i++) await statusOf(gateway, "secret");
      t.ok((await redis.calls("hget")) <= 5, "it is asked for once in a while");
      await keys.remove("secret");
      await until(401);
      t.same(gateway.faults, []);
    },
  );

t.test("a store that is lost: 503, never in; who is known stays so for staleFor", { skip }, async (t) => {
  const redis = await startRedis(t);
  const keys = await operator(t, redis);
  await keys.set("known", recordOf("known"));
  const stores = { shared: redis.url };
  await using closed = await start({ store: "shared", cacheFor: 0 }, { stores });
  await using stale = await start({ store: "shared", cacheFor: 0, staleFor: 60 }, { stores });
  t.equal(await statusOf(closed, "known"), 200);
  t.equal(await statusOf(stale, "known"), 200);
  await redis.kill();
  const lost = await show(closed, "known");
  t.equal(lost.status, 503);
  t.equal(lost.headers.get("retry-after"), "1");
  t.equal(await statusOf(closed, "other"), 503, "nobody knows whether it is good");
  t.equal(await statusOf(stale, "known"), 200);
  t.equal(await statusOf(stale, "other"), 503);
  t.same([...closed.faults, ...stale.faults], []);
  t.notMatch(JSON.stringify([closed.log, stale.log]), /known"|other|slk_/, "no key in the log");
});

t.test("a store that is not there at the start: what onStart says", { skip }, async (t) => {
  const redis = await startRedis(t);
  const stores = { shared: redis.url };
  await redis.kill();
  await t.rejects(start({ store: "shared" }, { stores }), { message: /store shared is lost/ });
  await using gateway = await start({ store: "shared", onStart: "closed" }, { stores });
  t.equal(await statusOf(gateway, "any"), 503);
  await t.rejects(start({ store: "none", onStart: "closed" }, { stores }), { message: /no store none/ });
  await t.rejects(start({ store: "shared", kv: true }, { stores }), { message: /both set/ });
});

onEachEngine(
  "attack: records of rubbish open nothing, break nothing, and are told to the operator",
  async (t, engine) => {
    await using gateway = await start({ kv: true }, { engine });
    const rubbish: unknown[] = [
      null,
      true,
      "",
      "yes",
      [],
      {},
      { subject: "admin" },
      { key: "plain:secret", subject: "admin" },
      { key: `sha256:${hashOf("secret")}`, subject: "" },
      { key: `sha256:${hashOf("secret")}`, subject: 1 },
      recordOf("secret", { scopes: "all" }),
      recordOf("secret", { scopes: [1] }),
      recordOf("secret", { claims: [] }),
      recordOf("secret", { expires: "soon" }),
      recordOf("secret", { disabled: "no" }),
      recordOf("secret", { admin: true }),
      recordOf("another"),
    ];
    for (const record of rubbish) {
      await gateway.kv.set(nameOf("secret"), record);
      t.equal(await statusOf(gateway, "secret"), 503, JSON.stringify(record));
    }
    t.ok(gateway.log.length > 0);
    t.ok(
      gateway.log.every(({ message }) =>
        message.startsWith(`the record of the key ${hashOf("secret").slice(0, 12)}`),
      ),
    );
    await gateway.kv.set(nameOf("secret"), recordOf("secret"));
    t.equal(await statusOf(gateway, "secret"), 200);
    t.same(gateway.faults, []);
  },
);

t.test("attack: rubbish in the store itself, of other types and lengths", { skip }, async (t) => {
  const redis = await startRedis(t);
  const keys = await operator(t, redis);
  const stores = { shared: redis.url };
  const settings = { store: "shared", cacheFor: 0, unknownFor: 0 };
  await using gateway = await start(settings, { stores });
  for (const text of [
    "{",
    "",
    "null",
    "!ERR",
    "=1",
    '{"key":',
    "\u0000",
    '"'.repeat(3),
    `"${"x".repeat(70_000)}"`,
  ]) {
    await keys.setText("secret", text);
    t.equal(await statusOf(gateway, "secret"), 503, text.slice(0, 10));
  }
  await keys.set("secret", recordOf("secret"));
  t.equal(await statusOf(gateway, "secret"), 200);
  const [hash] = await redis.list("KEYS", "*auth:v:*");
  await redis.say("DEL", hash!);
  await redis.say("SET", hash!, "a text in the place of the hash");
  t.equal(await statusOf(gateway, "secret"), 503);
  t.same(gateway.faults, []);
});

onEachEngine("attack: names that are not hashes of what was shown", async (t, engine) => {
  await using gateway = await start({ kv: true }, { engine });
  await gateway.kv.set(nameOf("secret"), recordOf("secret"));
  await gateway.kv.set("api-key:", recordOf(""));
  await gateway.kv.set(nameOf(""), recordOf(""));
  await gateway.kv.set("api-key:__proto__", recordOf("__proto__"));
  // What is shown is hashed, whatever it looks like: a hash is no key, and no record is found by its name.
  const tries = [
    "",
    hashOf("secret"),
    `sha256:${hashOf("secret")}`,
    nameOf("secret"),
    "__proto__",
    "api-key:",
    "secret\u00a0",
  ];
  for (const key of tries) t.equal(await statusOf(gateway, key), 401, key);
  t.equal(await statusOf(gateway, "s".repeat(1025)), 401);
  t.equal(await statusOf(gateway, "secret"), 200);
  t.same(gateway.faults, []);
});

t.test(
  "attack: a flood of keys that nobody knows asks the store a bounded number of times",
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const keys = await operator(t, redis);
    await keys.set("known", recordOf("known"));
    const stores = { shared: redis.url };
    await using gateway = await start({ store: "shared", attempts: 20 }, { stores });
    t.equal(await statusOf(gateway, "known"), 200);
    await redis.say("CONFIG", "RESETSTAT");
    const statuses = [];
    for (let i = 0; i < 200; i++) statuses.push(await statusOf(gateway, `made up ${i}`));
    t.same([...new Set(statuses)], [401, 429]);
    t.ok((await redis.calls("hget")) <= 25, `${await redis.calls("hget")} questions for 200 keys`);
    t.equal(await statusOf(gateway, "known"), 200, "who is known is not in its way");
    const other = await gateway.fetch("/", { headers: { "x-api-key": "made up 1" } });
    t.equal(other.status, 401, "one that was found to be unknown is not asked for again");
    t.same(gateway.faults, []);
  },
);

t.test(
  "attack: many at once with the same key ask once, and thousands of others push it out of nothing",
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const keys = await operator(t, redis);
    await keys.set("known", recordOf("known"));
    const stores = { shared: redis.url };
    await using gateway = await start({ store: "shared", attempts: 0, cache: 16 }, { stores });
    await redis.say("CONFIG", "RESETSTAT");
    const together = await Promise.all(Array.from({ length: 100 }, () => statusOf(gateway, "known")));
    t.same([...new Set(together)], [200]);
    t.equal(await redis.calls("hget"), 1);
    const others = await Promise.all(
      Array.from({ length: 2000 }, (_, i) => statusOf(gateway, `made up ${i}`)),
    );
    // On a busy machine the store may be given up for a moment: nobody is let in for it.
    t.ok(others.every((status) => status === 401 || status === 503));
    await redis.kill();
    t.equal(await statusOf(gateway, "known"), 200, "it is still remembered");
    t.same(gateway.faults, []);
  },
);

t.test("keys of the config, of a list and of kv side by side", async (t) => {
  const list = `${hashOf("listed")} partner`;
  await using gateway = await start({ keys: [recordOf("written")], list, kv: true });
  await gateway.kv.set(nameOf("kept"), recordOf("kept"));
  for (const key of ["written", "listed", "kept"]) t.equal(await statusOf(gateway, key), 200, key);
  t.equal(await statusOf(gateway, "none"), 401);
});

t.test("a key of the config may be disabled as well", async (t) => {
  await using gateway = await start({ keys: [recordOf("written", { disabled: true })] });
  t.equal(await statusOf(gateway, "written"), 401);
});
