/** A store against a real server: how it is reached, and what it sends. */
import { join } from "node:path";
import t, { type Test } from "tap";
import type { RedisConfig, StoreConfig } from "../../../core/config/store-model.ts";
import { remoteStores } from "../../../core/data/open-store.ts";
import { StoreMetrics } from "../../../core/observe/store-metrics.ts";
import { storeKey } from "../../../core/store/redis/store-key.ts";
import { StoreLostError, type StoreStep } from "../../../core/store/remote-store.ts";
import { testStore } from "../../../core/testing/test-config.ts";
import { createAuthority } from "../../net/certificates.ts";
import { recordingLog } from "../../net/recording-log.ts";
import { socketFolder } from "../../net/socket-folder.ts";
import { until } from "../../net/until.ts";
import { freePort } from "../../support/free-port.ts";
import { missing } from "../../support/missing.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

const skip = missing("redis-server");

const add = (key: string, by = 1): StoreStep => ({ op: "add", key, values: [by, 60_000, "", "", ""] });

/** The stores of a config, for as long as the test runs. */
async function open(t: Test, ...configs: StoreConfig[]) {
  const metrics = new StoreMetrics();
  const log = recordingLog();
  const stores = remoteStores(metrics, () => log);
  t.teardown(() => stores.close());
  await stores.prepare(configs);
  stores.commit();
  const upOf = (name: string) => metrics.snapshot().find(({ store }) => store === name)?.up;
  return { stores, log, metrics, upOf };
}

async function openOne(t: Test, redis: RedisServer, settings: Partial<RedisConfig> = {}) {
  const opened = await open(t, testStore("one", redis.url, settings));
  return { ...opened, store: opened.stores.find("one")! };
}

t.test("keys have the deployment's prefix, the plugin's name and their kind", { skip }, async (t) => {
  const redis = await startRedis(t);
  const { store } = await openOne(t, redis, { keyPrefix: "shop:" });
  t.equal(await store.run("plugin", [add("mine")]), "1");
  t.equal(await redis.say("EXISTS", storeKey("shop:", "plugin", "n", "mine")), ":1\r\n");
  t.same((await redis.list("KEYS", "shop:plugin:*")).length, 1);
});

t.test("another database is another room", { skip }, async (t) => {
  const redis = await startRedis(t);
  const { stores } = await open(
    t,
    testStore("zero", redis.url),
    testStore("three", `${redis.url}/3`),
    testStore("apart", redis.url, { keyPrefix: "apart:" }),
  );
  const sum = async (name: string) => stores.find(name)!.run("p", [add("n")]);
  t.same(
    [await sum("zero"), await sum("zero"), await sum("three"), await sum("apart")],
    ["1", "2", "1", "1"],
  );
});

t.test("a store is reached by its Unix socket", { skip }, async (t) => {
  const path = join(socketFolder(t), "redis.sock");
  await startRedis(t, "--unixsocket", path);
  const { stores } = await open(t, testStore("socket", `unix:${path}`));
  t.equal(await stores.find("socket")!.run("p", [add("n")]), "1");
});

t.test("TLS is verified, by the authority and the name that the config says", { skip }, async (t) => {
  const folder = t.testdir();
  const authority = createAuthority(folder);
  const other = createAuthority(folder);
  const { cert, key } = authority.issue("redis", ["redis.internal"]);
  const port = await freePort();
  const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", authority.file];
  await startRedis(t, "--tls-port", String(port), "--tls-auth-clients", "no", ...files);
  const tls = { verify: true, ca: authority.file, serverName: "redis.internal", cert: null, key: null };
  const secure = (name: string, change: Partial<typeof tls>) =>
    testStore(name, `rediss://127.0.0.1:${port}`, { tls: { ...tls, ...change } });
  const { stores, upOf } = await open(
    t,
    secure("right", {}),
    secure("stranger", { ca: other.file }),
    secure("misnamed", { serverName: "other.internal" }),
    secure("trusting", { ca: other.file, verify: false }),
  );
  t.same(["right", "stranger", "misnamed", "trusting"].map(upOf), [true, false, false, true]);
  t.equal(await stores.find("right")!.run("p", [add("n")]), "1");
  await t.rejects(stores.find("stranger")!.run("p", [add("n")]), StoreLostError);
});

t.test("what comes in one turn is one call, of up to 64 groups", { skip }, async (t) => {
  const redis = await startRedis(t);
  const { store } = await openOne(t, redis);
  const sum = async (groups: number) => {
    await redis.say("CONFIG", "RESETSTAT");
    const answers = Array.from({ length: groups }, () => store.run("p", [add("n")]));
    await Promise.all(answers);
    return redis.calls("evalsha");
  };
  t.same([await sum(1), await sum(64), await sum(65), await sum(200)], [1, 1, 2, 4]);
});

t.test("more than 8 192 groups do not wait", { skip }, async (t) => {
  const redis = await startRedis(t);
  const { store, metrics } = await openOne(t, redis);
  const all = await Promise.allSettled(Array.from({ length: 9000 }, () => store.run("p", [add("n")])));
  const refused = all.filter(({ status }) => status === "rejected");
  t.equal(refused.length, 9000 - 8192);
  t.match(metrics.snapshot(), [{ operations: 8192, failed: 9000 - 8192 }]);
  t.equal(await store.run("p", [add("n", 0)]), "8192", "what was refused was not counted");
});

t.test("all that wait learn at once that the server is gone, and each once", { skip }, async (t) => {
  const redis = await startRedis(t);
  const { store, upOf, log } = await openOne(t, redis);
  redis.signal("SIGSTOP");
  const waiting = Promise.allSettled(Array.from({ length: 100 }, () => store.run("p", [add("n")])));
  await redis.kill();
  const found = await waiting;
  t.ok(found.every((answer) => answer.status === "rejected" && answer.reason instanceof StoreLostError));
  t.equal(upOf("one"), false);
  t.same(log.lines, ["info Store is connected", "warn Store is lost; it is tried again"]);
});

t.test("a store that is closed answers nobody any more, and is not up", { skip }, async (t) => {
  const redis = await startRedis(t);
  const { stores, store, upOf } = await openOne(t, redis);
  t.equal(upOf("one"), true);
  stores.close();
  t.equal(stores.find("one"), null);
  t.equal(upOf("one"), false);
  await t.rejects(store.run("p", [add("n")]), StoreLostError);
  await until(async () => /connected_clients:1\r/.test(await redis.say("INFO", "clients")));
});

t.test("settings that change open another connection before the old one is closed", { skip }, async (t) => {
  const redis = await startRedis(t);
  const { stores, store, upOf } = await openOne(t, redis);
  const next = testStore("one", redis.url, { keyPrefix: "next:" });
  await stores.prepare([next]);
  t.equal(stores.find("one"), store, "until the config holds the old one is asked");
  stores.abort();
  t.equal(stores.find("one"), store);
  await stores.prepare([next]);
  stores.commit();
  t.not(stores.find("one"), store);
  t.equal(upOf("one"), true);
  t.equal(await stores.find("one")!.run("p", [add("n")]), "1");
});

t.test(
  "a name of the config that is about to hold is known, and forgotten if it does not",
  { skip },
  async (t) => {
    const redis = await startRedis(t);
    const { stores } = await openOne(t, redis);
    await stores.prepare([testStore("one", redis.url), testStore("other", redis.url)]);
    t.not(stores.find("other"), null);
    stores.abort();
    t.equal(stores.find("other"), null);
    t.not(stores.find("one"), null);
  },
);
