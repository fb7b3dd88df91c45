/** Limits that several machines count together, in a real Redis. */
import { connect, createServer, type Socket } from "node:net";
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { testStore } from "../../../core/testing/test-config.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { engines } from "../../support/each-engine.ts";
import { listenLocally } from "../../support/free-port.ts";
import { get } from "../../support/gateway.ts";
import { missing } from "../../support/missing.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

t.teardown(stopBundler);
const skip = missing("redis-server");

/** A machine with limits. */
function start(redis: RedisServer, limits: readonly object[], options: Partial<TestGatewayOptions> = {}) {
  const config = { limits, store: { name: "shared", onLoss: "deny" } };
  return testGateway({ plugins: [["rate-limit", config]], stores: { shared: redis.url }, ...options });
}

type Machine = Awaited<ReturnType<typeof start>>;

const statusesOf = async (answers: readonly Promise<Response>[]) =>
  (await Promise.all(answers)).map(({ status }) => status);

const count = (statuses: readonly number[], status: number) =>
  statuses.filter((other) => other === status).length;

/** So many requests at once, in turn to each machine. */
function ask(machines: readonly Machine[], requests: number, init: RequestInit = {}): Promise<number[]> {
  return statusesOf(
    Array.from({ length: requests }, (_, index) => machines[index % machines.length]!.fetch("/", init)),
  );
}

for (const engine of engines) {
  t.test(
    `two machines let through what one limit says, and not one more, on ${engine}`,
    { skip },
    async (t) => {
      const redis = await startRedis(t);
      const limits = [
        { name: "bucket", limit: 50, window: 86_400, key: [] },
        { name: "quota", algorithm: "quota", limit: 60, key: [] },
      ];
      await using one = await start(redis, limits, { engine });
      await using other = await start(redis, limits, { engine });
      const statuses = await ask([one, other], 200);
      t.equal(count(statuses, 200), 50);
      t.equal(count(statuses, 429), 150);
      t.same([...one.faults, ...other.faults], []);
      const refused = await other.fetch("/");
      t.match(refused.headers.get("ratelimit"), /^"quota";r=9;t=\d+, "bucket";r=0;t=\d+$/);
      t.match(refused.headers.get("retry-after"), /^1[67]\d\d$/, "a fiftieth of a day");
    },
  );
}

t.test("a refused request has used up nothing of the other limits", { skip }, async (t) => {
  const redis = await startRedis(t);
  const day = { algorithm: "quota", limit: 100, key: [] };
  await using machine = await start(redis, [
    { ...day, name: "day" },
    { name: "window", algorithm: "sliding-window", limit: 3, window: 3600, key: [] },
  ]);
  t.equal(count(await ask([machine], 20), 200), 3);
  await using asking = await start(redis, [{ ...day, name: "day" }]);
  t.match((await asking.fetch("/")).headers.get("ratelimit"), /^"day";r=96;/);
});

t.test("places of one machine are taken on the other, and free again", { skip }, async (t) => {
  const redis = await startRedis(t);
  const gate = Promise.withResolvers<void>();
  const upstream = async () => {
    await gate.promise;
    return new Response("done");
  };
  const limits = [{ name: "places", algorithm: "concurrency", limit: 4, key: [] }];
  await using one = await start(redis, limits, { upstream });
  await using other = await start(redis, limits);
  const held = [1, 2, 3, 4].map(() => one.fetch("/"));
  await until(async () => (await redis.list("HVALS", await placesKey(redis))).join() === "4");
  t.equal((await other.fetch("/")).status, 429);
  gate.resolve();
  t.same(await statusesOf(held), [200, 200, 200, 200]);
  await until(async () => (await redis.list("HVALS", await placesKey(redis))).join() === "0");
  t.equal((await other.fetch("/")).status, 200);
});

async function placesKey(redis: RedisServer): Promise<string> {
  return (await redis.list("KEYS", "sluice:rate-limit:p:*"))[0] ?? "none";
}

t.test("attack: clients that go away while the store is asked keep no places", { skip }, async (t) => {
  const redis = await startRedis(t);
  const service = await startUpstream(t, () => ok("here"));
  const limits = [{ name: "places", algorithm: "concurrency", limit: 1000, key: [] }];
  const config = { limits, store: { name: "shared" } };
  const stores = [testStore("shared", redis.url)];
  const machine = await startBuiltInGateway(t, service.address, [{ plugin: "rate-limit", config }], {
    stores,
  });
  await machine.ask(get());
  await until(async () => (await redis.list("HVALS", await placesKey(redis))).join() === "0");
  await redis.say("CONFIG", "RESETSTAT");
  await redis.say("CLIENT", "PAUSE", "300");
  const clients = await Promise.all(Array.from({ length: 20 }, () => machine.connect()));
  for (const client of clients) client.write(get());
  await until(() => machine.metrics.snapshot().totals.requestsInFlight === 20);
  for (const client of clients) client.socket.destroy();
  await until(() => machine.records.length === 21);
  await until(async () => (await redis.calls("hset")) >= 40);
  t.same(await redis.list("HVALS", await placesKey(redis)), ["0"], "taken twenty times, and given back");
});

t.test("all limits of a request take one round trip, and one call", { skip }, async (t) => {
  const redis = await startRedis(t);
  await using machine = await start(redis, [
    { name: "bucket", limit: 1000 },
    { name: "window", algorithm: "sliding-window", limit: 1000 },
    { name: "day", algorithm: "quota", limit: 1000 },
    { name: "month", algorithm: "quota", limit: 1000, period: "month" },
  ]);
  await redis.say("CONFIG", "RESETSTAT");
  for (let turn = 0; turn < 10; turn++) t.equal((await machine.fetch("/")).status, 200);
  t.equal(await redis.calls("evalsha"), 10);
  t.equal(await redis.calls("eval"), 0);
});

t.test("requests of the same moment share a call", { skip }, async (t) => {
  const redis = await startRedis(t);
  await using machine = await start(redis, [{ name: "bucket", limit: 100_000, key: [] }]);
  await redis.say("CONFIG", "RESETSTAT");
  t.equal(count(await ask([machine], 500), 200), 500);
  const calls = await redis.calls("evalsha");
  t.comment(`${calls} calls for 500 requests`);
  t.ok(calls <= 100, `${calls} calls`);
});

t.test("everything in the store has an end", { skip }, async (t) => {
  const redis = await startRedis(t);
  await using machine = await start(redis, [
    { name: "bucket", limit: 10, costHeader: "x-cost" },
    { name: "window", algorithm: "sliding-window", limit: 10, costHeader: "x-cost" },
    { name: "day", algorithm: "quota", limit: 10, costHeader: "x-cost" },
    { name: "places", algorithm: "concurrency", limit: 10 },
  ]);
  t.equal(count(await ask([machine], 5), 200), 5);
  const keys = await redis.list("KEYS", "*");
  t.equal(keys.length, 5, "one for each limit, and that of the probe");
  for (const key of keys) {
    const left = Number((await redis.say("PTTL", key)).slice(1));
    t.ok(left > 0 && left < 2 * 86_400_000, `${key} ends in ${left} ms`);
  }
});

t.test("what the service says that a request did cost counts on all machines", { skip }, async (t) => {
  const redis = await startRedis(t);
  const limits = [{ name: "day", algorithm: "quota", limit: 100, key: [], costHeader: "x-cost" }];
  const upstream = () => new Response("ok", { headers: { "x-cost": "40" } });
  await using one = await start(redis, limits, { upstream });
  await using other = await start(redis, limits, { upstream });
  t.equal((await one.fetch("/")).headers.get("x-cost"), null);
  await until(async () => /r=59/.test((await other.fetch("/")).headers.get("ratelimit") ?? ""));
  t.pass("40 and 1 of 100 are counted");
});

t.test("a dry run counts with the others and refuses nothing", { skip }, async (t) => {
  const redis = await startRedis(t);
  await using machine = await start(redis, [
    { name: "dry", algorithm: "quota", limit: 2, key: [], dryRun: true },
    { name: "real", algorithm: "quota", limit: 4, key: [] },
  ]);
  t.same(count(await ask([machine], 6), 200), 4);
  t.equal(machine.metrics.counter("would_refuse_dry"), 4);
});

t.test(
  "attack: keys of clients that are long, binary, or look like commands and tags",
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const hostile = [
      "a".repeat(9000),
      "{tag}{",
      "}{}:*?[]",
      "\xff\xfe\x80",
      "* $3 FLUSHALL",
      "p:other",
      "{}",
      "sluice:rate-limit:b:x",
    ];
    await using machine = await start(redis, [
      { name: "key", limit: 2, window: 3600, key: ["header:x-key"] },
    ]);
    for (const value of hostile) {
      const headers = { "x-key": value };
      t.same(await ask([machine], 3, { headers }), [200, 200, 429], JSON.stringify(value.slice(0, 20)));
    }
    const keys = await redis.list("KEYS", "*");
    t.equal(keys.length, hostile.length + 1, "each has its own, and the probe");
    for (const key of keys) t.match(key, /^sluice:(?:rate-limit:b|:n):[\w-]{22}$/);
    t.same(machine.faults, []);
  },
);

t.test(
  "attack: who reads the server's commands and keys learns no address and no credential",
  {
    skip,
  },
  async (t) => {
    const redis = await startRedis(t);
    const wire = await recorded(t, redis);
    const limits = [
      { name: "token", limit: 5, window: 3600, key: ["header:authorization", "address"] },
      { name: "day", algorithm: "quota", limit: 5, key: ["header:authorization"] },
    ];
    const stores = { shared: `redis://127.0.0.1:${wire.port}` };
    await using machine = await start(redis, limits, { stores });
    const headers = { authorization: "Bearer hunter-two" };
    t.equal((await machine.fetch("/", { headers })).status, 200);
    t.match(wire.sent(), /EVALSHA[\s\S]*sluice:rate-limit:b:/);
    t.notMatch(wire.sent(), /hunter|Bearer|127\.0\.0\.1/);
  },
);

/** A server in front of the server, which keeps what it is asked. */
async function recorded(t: Test, redis: RedisServer) {
  let sent = "";
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(redis.port, "127.0.0.1");
    for (const socket of [client, behind]) sockets.add(socket.on("error", () => {}));
    client.on("data", (part) => {
      sent += part.toString("latin1");
    });
    client.pipe(behind).pipe(client);
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: await listenLocally(server), sent: () => sent };
}

t.test("attack: a key of half a character is none of somebody else's", { skip }, async (t) => {
  const redis = await startRedis(t);
  const source = `import { rateLimit } from "sluice/plugins/rate-limit";
    export default rateLimit({ key: (request) => String.fromCharCode(0xd800 + Number(request.headers.get("x-n"))) });`;
  const config = { limits: [{ limit: 1, window: 3600, key: ["function"] }], store: { name: "shared" } };
  await using machine = await testGateway({
    plugins: [{ source, name: "halves", config }],
    stores: { shared: redis.url },
  });
  const asked = async (n: number) => (await machine.fetch("/", { headers: { "x-n": String(n) } })).status;
  t.same([await asked(1), await asked(2), await asked(1)], [200, 200, 429]);
});

t.test("a store that the config does not have refuses the policy, not the requests", { skip }, async (t) => {
  const redis = await startRedis(t);
  await t.rejects(start(redis, [{ limit: 1 }], { stores: { other: redis.url } }), {
    message: /There is no store shared/,
  });
});

t.test("plugins do not see each other's numbers", { skip }, async (t) => {
  const redis = await startRedis(t);
  const source = (
    name: string,
  ) => `export default { capabilities: { kv: true }, async onRequest(request, ctx) {
    const sum = await ctx.store("shared").add("n", 1, { ttl: 60 });
    request.headers.set("x-${name}", String(sum));
  } };`;
  await using machine = await testGateway({
    plugins: [
      { name: "one", source: source("one") },
      { name: "other", source: source("other") },
    ],
    stores: { shared: redis.url },
    upstream: ({ headers }) => new Response(`${headers.get("x-one")} ${headers.get("x-other")}`),
  });
  await machine.fetch("/");
  t.equal(await (await machine.fetch("/")).text(), "2 2");
});
