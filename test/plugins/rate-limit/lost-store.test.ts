/** What becomes of requests while the store is gone, frozen, slow, or not what it should be. */
import { createServer, connect as dial, type Socket } from "node:net";
import t, { type Test } from "tap";
import type { RedisConfig } from "../../../core/config/store-model.ts";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testStore } from "../../../core/testing/test-config.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { listenLocally } from "../../support/free-port.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { missing } from "../../support/missing.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

t.teardown(stopBundler);
const skip = missing("redis-server");

type Choice = "local" | "allow" | "deny";

/** A machine whose limit is three requests an hour. */
async function start(t: Test, url: string, onLoss: Choice, redis: Partial<RedisConfig> = {}) {
  const service = await startUpstream(t, () => ok("here"));
  const limits = [{ name: "hour", algorithm: "quota", limit: 3, key: [] }];
  const uses = [{ plugin: "rate-limit", config: { limits, store: { name: "shared", onLoss } } }];
  const stores = [testStore("shared", url, redis)];
  const gateway = await startBuiltInGateway(t, service.address, uses, { stores });
  const statuses = async (count: number) => {
    const found: number[] = [];
    for (let turn = 0; turn < count; turn++) found.push((await gateway.ask(get())).status);
    return found;
  };
  const isUp = () => gateway.storeMetrics.snapshot()[0]!.up;
  return { ...gateway, statuses, isUp };
}

const without: Readonly<Record<Choice, readonly number[]>> = {
  local: [200, 200, 200, 429, 429],
  allow: [200, 200, 200, 200, 200],
  deny: [503, 503, 503, 503, 503],
};

for (const [onLoss, statuses] of Object.entries(without) as [Choice, readonly number[]][]) {
  t.test(`onLoss ${onLoss}: a store that is killed, and comes back empty`, { skip }, async (t) => {
    const redis = await startRedis(t);
    const machine = await start(t, redis.url, onLoss);
    t.same(await machine.statuses(4), [200, 200, 200, 429]);
    await redis.kill();
    await until(() => !machine.isUp());
    t.same(await machine.statuses(5), statuses);
    await redis.start();
    await until(machine.isUp);
    t.same(await machine.statuses(4), [200, 200, 200, 429]);
    t.match(machine.counts.filter((line) => line.includes("store_lost")).length, 5);
  });

  t.test(`onLoss ${onLoss}: a store that is not there at the start`, { skip }, async (t) => {
    const redis = await startRedis(t);
    await redis.kill();
    const machine = await start(t, redis.url, onLoss);
    t.same(await machine.statuses(5), statuses);
    await redis.start();
    await until(machine.isUp);
    t.same(await machine.statuses(4), [200, 200, 200, 429]);
  });

  t.test(
    `onLoss ${onLoss}: a frozen store costs the requests of one moment its time, and no others`,
    {
      skip,
    },
    async (t) => {
      const redis = await startRedis(t);
      const machine = await start(t, redis.url, onLoss, { commandTimeout: 800 });
      t.same(await machine.statuses(4), [200, 200, 200, 429]);
      redis.signal("SIGSTOP");
      const begun = performance.now();
      const [first] = await machine.statuses(1);
      const waited = performance.now() - begun;
      t.equal(first, statuses[0]);
      t.ok(waited >= 795, `it was waited for, ${waited} ms`);
      const then = performance.now();
      t.same(await machine.statuses(4), statuses.slice(1));
      const rest = performance.now() - then;
      t.ok(rest < 800, `four others waited for nothing: ${rest} ms`);
      redis.signal("SIGCONT");
      await until(machine.isUp);
      // What was asked while it stood still it may have counted.
      t.equal((await machine.ask(get())).status, 429);
    },
  );
}

t.test("a refusal for want of the store says so, and when to come back", { skip }, async (t) => {
  const redis = await startRedis(t);
  await redis.kill();
  const { ask } = await start(t, redis.url, "deny");
  const reply = await ask(get());
  t.equal(reply.status, 503);
  t.equal(field(reply, "retry-after"), "1");
  t.equal(field(reply, "content-type"), "application/problem+json");
  t.equal(field(reply, "ratelimit"), null);
  t.match(JSON.parse(String(reply.body)), { status: 503, code: "store_lost" });
  t.notMatch(String(reply.body), /127\.0\.0\.1|ECONN/);
});

t.test("counting on one machine tells clients what is left there", { skip }, async (t) => {
  const redis = await startRedis(t);
  await redis.kill();
  const { ask } = await start(t, redis.url, "local");
  t.match(field(await ask(get()), "ratelimit"), /^"hour";r=2;t=\d+$/);
  t.match(field(await ask(get()), "ratelimit"), /^"hour";r=1;t=\d+$/);
});

t.test("a change of state is told once, however many requests meet it", { skip }, async (t) => {
  const redis = await startRedis(t);
  const machine = await start(t, redis.url, "allow");
  await redis.kill();
  await until(() => !machine.isUp());
  await machine.statuses(20);
  await redis.start();
  await until(machine.isUp);
  const told = machine.storeLog.entries.map(({ level, message }) => `${level} ${message}`);
  t.same(told, [
    "info Store is connected",
    "warn Store is lost; it is tried again",
    "info Store is connected",
  ]);
});

t.test("a server that has forgotten the script gets it again, and nobody notices", { skip }, async (t) => {
  const redis = await startRedis(t);
  const machine = await start(t, redis.url, "deny");
  t.same(await machine.statuses(1), [200]);
  await redis.say("SCRIPT", "FLUSH");
  t.same(await machine.statuses(3), [200, 200, 429]);
  t.ok(machine.isUp());
});

t.test("a wrong password is a lost store, and the log does not tell it", { skip }, async (t) => {
  const redis = await startRedis(t, "--requirepass", "right-one");
  const machine = await start(t, redis.url, "deny", { password: "wrong-one-of-ours" });
  t.same(await machine.statuses(2), [503, 503]);
  const text = JSON.stringify(machine.storeLog.entries);
  t.match(text, /WRONGPASS|invalid/i);
  t.notMatch(text, /wrong-one-of-ours/);
  const right = await start(t, redis.url, "deny", { password: "right-one" });
  t.same(await right.statuses(4), [200, 200, 200, 429]);
});

t.test("a user of the access list may be one that has only the prefix", { skip }, async (t) => {
  const redis = await startRedis(t);
  await redis.say("ACL", "SETUSER", "sluice", "on", ">secret", "~sluice:*", "+@all", "-@dangerous");
  const login = { username: "sluice", password: "secret" };
  const machine = await start(t, redis.url, "deny", login);
  t.same(await machine.statuses(4), [200, 200, 200, 429]);
  const elsewhere = await start(t, redis.url, "deny", { ...login, keyPrefix: "other:" });
  t.same(await elsewhere.statuses(1), [503]);
  t.match(JSON.stringify(elsewhere.storeLog.entries), /NOPERM|permission/i);
});

t.test("a replica that may only be read is a lost store, until it may be written", { skip }, async (t) => {
  const main = await startRedis(t, "--repl-diskless-sync-delay", "0");
  const replica = await startRedis(t, "--replicaof", "127.0.0.1", String(main.port));
  await until(async () => /master_link_status:up/.test(await replica.say("INFO", "replication")));
  const machine = await start(t, replica.url, "deny");
  t.same(await machine.statuses(2), [503, 503]);
  t.match(JSON.stringify(machine.storeLog.entries), /READONLY/);
  await replica.say("REPLICAOF", "NO", "ONE");
  await until(machine.isUp);
  t.same(await machine.statuses(4), [200, 200, 200, 429]);
  await replica.say("REPLICAOF", "127.0.0.1", String(main.port));
  // As long as it has what it had, it refuses without writing anything.
  await until(async () => (await machine.statuses(1))[0] === 503);
  t.notOk(machine.isUp(), "a server that becomes a replica is lost, too");
});

t.test("a full server is a lost store", { skip }, async (t) => {
  const redis = await startRedis(t);
  const machine = await start(t, redis.url, "deny");
  t.same(await machine.statuses(1), [200]);
  await redis.say("CONFIG", "SET", "maxmemory", "1");
  t.same(await machine.statuses(2), [503, 503]);
  await redis.say("CONFIG", "SET", "maxmemory", "0");
  await until(machine.isUp);
  t.same(await machine.statuses(1), [200]);
});

t.test(
  "a server that always answers too late is lost for good, and costs one request its time",
  {
    skip,
  },
  async (t) => {
    const redis = await startRedis(t);
    let delay = 0;
    const port = await slowly(t, redis, () => delay);
    const machine = await start(t, `redis://127.0.0.1:${port}`, "allow", { commandTimeout: 500 });
    t.same(await machine.statuses(1), [200]);
    delay = 1500;
    const begun = performance.now();
    // Long enough for it to be tried again, and again.
    const found: number[] = [];
    while (performance.now() - begun < 2500) found.push(...(await machine.statuses(1)));
    t.same([...new Set(found)], [200]);
    const asked = found.length;
    const { calls, failed } = machine.storeMetrics.snapshot()[0]!;
    t.equal(failed, asked, "none was answered");
    t.equal(calls, 1, "the first");
    t.ok(asked > 10, `${asked} requests in 2.5 s`);
    delay = 0;
    await until(machine.isUp);
  },
);

/** A server in front of the server, which holds answers back. */
async function slowly(t: Test, redis: RedisServer, delay: () => number): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = dial(redis.port, "127.0.0.1");
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => void (socket === client ? behind : client).destroy());
    }
    client.pipe(behind);
    behind.on("data", (part) => void setTimeout(() => client.writable && client.write(part), delay()));
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listenLocally(server);
}

t.test("a client's error in the script is no reason to give the store up", { skip }, async (t) => {
  const redis = await startRedis(t);
  const machine = await start(t, redis.url, "deny");
  t.same(await machine.statuses(1), [200]);
  const [key] = await redis.list("KEYS", "sluice:rate-limit:q:*");
  await redis.say("SET", key!, "not a hash");
  t.same(await machine.statuses(1), [503]);
  t.ok(machine.isUp());
  await redis.say("DEL", key!);
  t.same(await machine.statuses(1), [200]);
});
