/** Responses that several machines share through Redis: running Sluices, and the server between them. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { Agent, createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import t, { type Test } from "tap";
import { encodeValue } from "../../core/store/redis/responses/value-format.ts";
import { storeKey } from "../../core/store/redis/store-key.ts";
import { until } from "../net/until.ts";
import { engines } from "../support/each-engine.ts";
import { missing } from "../support/missing.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { startSluice } from "./running-sluice.ts";

t.setTimeout(120_000);
const skip = missing("redis-server");

/** What a URL answers: anybody can tell whether it is the whole of it, and of nothing else. */
function bodyOf(url: string): Buffer {
  const length = Number(/\?(\d+)/.exec(url)?.[1] ?? 100);
  return Buffer.alloc(length, `${url} \xff\x00`, "latin1");
}

async function startService(t: Test) {
  const asked: string[] = [];
  const service = createServer((question, response) => {
    asked.push(question.url!);
    const fields: Record<string, string> = {
      "cache-control": "max-age=600",
      "cache-tag": "all",
      etag: '"e"',
    };
    if (question.url!.startsWith("/vary")) fields["vary"] = "accept-language";
    if (question.url!.startsWith("/cookie")) {
      fields["set-cookie"] = "session=secret";
      fields["cache-control"] = "public, max-age=600";
    }
    if (question.url!.startsWith("/brief")) fields["cache-control"] = "max-age=3";
    if (question.method === "POST") response.writeHead(204).end();
    else if (question.headers["if-none-match"] === '"e"') response.writeHead(304, fields).end();
    else {
      const language = question.headers["accept-language"] ?? "";
      const body = bodyOf(question.url!);
      response
        .writeHead(200, fields)
        .end(fields["vary"] ? Buffer.concat([Buffer.from(language), body]) : body);
    }
  });
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  t.teardown(() => {
    service.close();
    service.closeAllConnections();
  });
  return { port: (service.address() as AddressInfo).port, asked };
}

let files = 0;

async function start(t: Test, port: number, redis: RedisServer, { workers = 1, engine = "inline" } = {}) {
  const file = join(t.testdirName, `sluice-${files++}.yaml`);
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
accessLog: false
workers: ${workers}
stores: { shared: { redis: { url: "${redis.url}", connectTimeout: 5s, commandTimeout: 1s } } }
cache: { redis: { store: shared } }
clusters: { app: { endpoints: ["http://127.0.0.1:${port}"] } }
# A machine that is busy with something else is not what is tested.
plugins: { settings: { cache: { engine: ${engine}, limits: { cpu: 10s, wall: 30s } } } }
routes: [{ name: app, cluster: app, policies: [cache] }]
`,
  );
  const sluice = startSluice(t, "--config", file);
  const [url, admin] = [await sluice.url(), await sluice.adminUrl()];
  const metrics = async (): Promise<string> => (await fetch(`${admin}/metrics`)).text();
  const metric = async (name: string): Promise<number> => {
    const text = await metrics();
    return Number(new RegExp(`^${name.replace(/[{}]/g, "\\$&")} (.*)$`, "m").exec(text)?.[1] ?? 0);
  };
  await until(async () => (await metric("sluice_cache_redis_up")) === workers);
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  return {
    sluice,
    file,
    metric,
    metrics,
    /** By a name, which is the same for all machines. Each on a connection of its own, unless it is said. */
    async ask(path: string, headers: Record<string, string> = {}, method = "GET") {
      const own = workers === 1 ? agent : false;
      const asking = request(url + path, {
        headers: { host: "shop.test", ...headers },
        method,
        agent: own,
      }).end();
      const [response] = (await once(asking, "response")) as [IncomingMessage];
      return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
    },
    async purge(what: object) {
      const response = await fetch(`${admin}/cache/purge`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(what),
      });
      return { status: response.status, ...((await response.json()) as object) };
    },
    async end() {
      sluice.signal("SIGTERM");
      await sluice.exitCode();
    },
  };
}

const isHit = /^sluice; hit/;

t.test(
  "what one Sluice has asked for another one answers with, and one that comes later",
  { skip },
  async (t) => {
    t.testdir();
    const redis = await startRedis(t);
    const { port, asked } = await startService(t);
    const one = await start(t, port, redis);
    const other = await start(t, port, redis, { workers: 2 });
    const paths = ["/short?20", "/empty?0", "/long?1000000"];
    for (const path of paths) await one.ask(path);
    await until(async () => (await redis.list("KEYS", "sluice:cache:response:*")).length === paths.length);
    const check = async (machine: typeof one, turns: number) => {
      for (let turn = 0; turn < turns; turn++) {
        for (const path of paths) {
          const { headers, body } = await machine.ask(path);
          t.match(headers["cache-status"], isHit, path);
          t.ok(body.equals(bodyOf(path)), path);
        }
      }
      const part = await machine.ask("/long?1000000", { range: "bytes=500000-600000" });
      t.equal(part.status, 206);
      t.ok(part.body.equals(bodyOf("/long?1000000").subarray(500_000, 600_001)));
      t.equal((await machine.ask("/short?20", { "if-none-match": '"e"' })).status, 304);
      const head = await machine.ask("/long?1000000", {}, "HEAD");
      t.same([head.headers["content-length"], head.body.length], ["1000000", 0]);
    };
    await check(other, 4);
    await one.end();
    const third = await start(t, port, redis);
    await check(third, 1);
    t.equal(asked.length, 3, "the service was asked once for each");
    t.ok((await third.metric('sluice_cache_redis_lookups_total{result="hit"}')) >= 3);
    t.ok((await third.metric("sluice_cache_redis_lookup_duration_seconds_count")) >= 3);
  },
);

t.test(
  "a purge on one reaches all: its answer says so, and what it does without Redis",
  { skip },
  async (t) => {
    t.testdir();
    const redis = await startRedis(t);
    const { port, asked } = await startService(t);
    const [one, other] = [await start(t, port, redis), await start(t, port, redis)];
    const ways = [
      { url: "http://shop.test/a" },
      { prefix: "http://shop.test/" },
      { tag: "all" },
      { tag: "all", soft: true },
    ];
    for (const way of ways) {
      await one.ask("/a");
      await until(async () => isHit.test(String((await other.ask("/a")).headers["cache-status"])));
      const before = asked.length;
      t.same(await other.purge(way), { status: 200, purged: 1, shared: true });
      await until(async () => !isHit.test(String((await one.ask("/a")).headers["cache-status"])));
      t.equal(asked.length, before + 1, JSON.stringify(way));
    }
    await one.ask("/a", {}, "POST");
    await until(async () => !isHit.test(String((await other.ask("/a")).headers["cache-status"])));

    await other.ask("/b");
    const lost = one.sluice.line("The store of the cache is lost: it is done without");
    await redis.kill();
    await lost;
    t.match(await one.purge({ tag: "all" }), { status: 503, purged: Number, title: /not taken/ });
    await one.ask("/b");
    const before = asked.length;
    t.match((await other.ask("/b")).headers["cache-status"], isHit, "it does not know");
    t.match((await one.ask("/b")).headers["cache-status"], isHit);
    t.equal(asked.length, before);
    await redis.start();
    await until(async () => !isHit.test(String((await other.ask("/b")).headers["cache-status"])));
    t.equal(asked.length, before + 1, "it was told when Redis was back");
  },
);

t.test("of machines that share, one asks for what is no longer fresh", { skip }, async (t) => {
  t.testdir();
  const redis = await startRedis(t);
  const { port, asked } = await startService(t);
  const machines = [await start(t, port, redis), await start(t, port, redis), await start(t, port, redis)];
  await machines[0]!.ask("/brief");
  for (const { ask } of machines)
    await until(async () => isHit.test(String((await ask("/brief")).headers["cache-status"])));
  const name = storeKey("sluice:", "cache", "response", "cache\nGET http://shop.test/brief\nroute app");
  const first = await redis.say("GET", name);
  t.match(first, /brief/);
  const stale = machines[0]!;
  await until(async () => {
    const { headers } = await stale.ask("/brief");
    return /fwd=stale; fwd-status=304.*stored/.test(String(headers["cache-status"]));
  });
  await until(async () => (await redis.say("GET", name)) !== first);
  const before = asked.length;
  const others = await Promise.all(machines.slice(1).map(({ ask }) => ask("/brief")));
  for (const { headers, body } of others) {
    t.match(headers["cache-status"], isHit, "what was confirmed for one is fresh for all");
    t.ok(body.equals(bodyOf("/brief")));
  }
  t.equal(asked.length, before);
});

t.test("a reload begins and ends to share, and what is in memory stays", { skip }, async (t) => {
  t.testdir();
  const redis = await startRedis(t);
  const { port, asked } = await startService(t);
  const [one, other] = [await start(t, port, redis), await start(t, port, redis)];
  const shared = readFileSync(one.file, "utf8");
  const reload = async (text: string) => {
    const from = one.sluice.lines.length;
    writeFileSync(one.file, text);
    await one.sluice.line("Config reloaded", from);
  };
  await one.ask("/a");
  await until(async () => (await redis.list("KEYS", "sluice:cache:response:*")).length === 1);

  await reload(shared.replace("cache: { redis: { store: shared } }", ""));
  t.notMatch(await one.metrics(), /sluice_cache_redis/);
  t.match((await one.ask("/a")).headers["cache-status"], isHit, "from memory");
  await one.ask("/alone");
  t.same(await one.purge({ tag: "none" }), { status: 200, purged: 0 });

  await reload(shared);
  await until(async () => (await one.metric("sluice_cache_redis_up")) === 1);
  await other.ask("/b");
  await until(async () => (await redis.list("KEYS", "sluice:cache:response:*")).length === 2);
  t.match((await one.ask("/b")).headers["cache-status"], isHit, "from the other one");
  t.equal(asked.length, 3);
});

t.test("it is the same on every engine", { skip }, async (t) => {
  t.testdir();
  const redis = await startRedis(t);
  const { port, asked } = await startService(t);
  const machines = await Promise.all(engines.map((engine) => start(t, port, redis, { engine })));
  for (const [index, { ask }] of machines.entries()) {
    await ask(`/from${index}`);
    await ask(`/vary${index}`, { "accept-language": "de" });
  }
  await until(
    async () => (await redis.list("KEYS", "sluice:cache:response:*")).length === 3 * engines.length,
  );
  for (const [index, { ask }] of machines.entries()) {
    for (const path of engines.flatMap((_, index) => [`/from${index}`, `/vary${index}`])) {
      const { headers, body } = await ask(path, { "accept-language": "de" });
      t.match(headers["cache-status"], isHit, `${path} by ${engines[index]}`);
      t.ok(body.subarray(-100).equals(bodyOf(path).subarray(-100)));
    }
  }
  t.equal(asked.length, 2 * engines.length);
});

t.test("variants are shared as such, and cookies are not", { skip }, async (t) => {
  t.testdir();
  const redis = await startRedis(t);
  const { port, asked } = await startService(t);
  const [one, other] = [await start(t, port, redis), await start(t, port, redis)];
  const languages = ["de", "fr", "en"];
  for (const language of languages) await one.ask("/vary", { "accept-language": language });
  await one.ask("/cookie");
  // A list of what they vary by, three of them, and the one with the cookie.
  await until(async () => (await redis.list("KEYS", "sluice:cache:response:*")).length === 5);
  for (const language of languages) {
    const { headers, body } = await other.ask("/vary", { "accept-language": language });
    t.match(headers["cache-status"], isHit);
    t.equal(body.subarray(0, 2).toString(), language);
  }
  const { headers } = await other.ask("/cookie");
  t.match(headers["cache-status"], isHit);
  t.notOk(headers["set-cookie"]);
  for (const name of await redis.list("KEYS", "sluice:cache:response:*"))
    t.notMatch(await redis.say("GET", name), /session=secret/);
  t.match(
    (await other.ask("/vary", { "accept-language": "it" })).headers["cache-status"],
    /fwd=uri-miss; stored/,
  );
  t.equal(asked.length, 5);
});

t.test(
  "a Redis that is killed and comes back under load fails no request, and changes no answer",
  { skip },
  async (t) => {
    t.testdir();
    const redis = await startRedis(t);
    const { port } = await startService(t);
    const machines = [await start(t, port, redis), await start(t, port, redis, { workers: 2 })];
    let isOver = false;
    t.teardown(() => {
      isOver = true;
    });
    let answers = 0;
    const client = async (index: number) => {
      for (let turn = 0; !isOver; turn++) {
        // Mostly what is there already, and always something new.
        const path = turn % 5 === 0 ? `/new${index}-${turn}?3000` : `/old${turn % 50}?20000`;
        const { status, body } = await machines[index % 2]!.ask(path);
        if (status !== 200 || !body.equals(bodyOf(path)))
          throw new Error(`${path}: ${status}, ${body.length} bytes`);
        answers++;
      }
    };
    const clients = Promise.all(Array.from({ length: 8 }, (_, index) => client(index)));
    const isUp = async () =>
      (await machines[0]!.metric("sluice_cache_redis_up")) === 1 &&
      (await machines[1]!.metric("sluice_cache_redis_up")) === 2;
    const more = async () => {
      const before = answers;
      await until(() => answers >= before + 200);
    };
    for (let time = 0; time < 2; time++) {
      await more();
      await redis.kill();
      await more();
      await redis.start();
      await until(isUp);
    }
    redis.signal("SIGSTOP");
    await more();
    redis.signal("SIGCONT");
    await until(isUp);
    await more();
    isOver = true;
    await clients;
    t.ok(answers >= 1200, `${answers} answers`);
    t.ok((await machines[0]!.metric('sluice_cache_redis_lookups_total{result="lost"}')) > 0);
  },
);

t.test(
  "attack: what somebody else writes into Redis for a URL ends no head and fails no request",
  { skip },
  async (t) => {
    t.testdir();
    const redis = await startRedis(t);
    const { port, asked } = await startService(t);
    const one = await start(t, port, redis);
    const serial = Number(/(\d+) \d+\r\n$/.exec(await redis.say("GET", "sluice:cache:purges"))?.[1]);
    const good = {
      ...{ status: 200, fields: [["x-from", "redis"]], lifetime: 1e9, responded: Date.now(), initialAge: 0 },
      staleUse: { noCache: false, forbidden: "no", whileRevalidate: null, ifError: null },
    };
    const plant = async (name: string, meta: string, suffix = "") => {
      const key = `cache\nGET http://shop.test/${name}\nroute app${suffix}`;
      const head = { key, meta, url: null, tags: [], freshUntil: null };
      const value = encodeValue(head, serial, [Buffer.from("planted")])!;
      // Bytes that the server puts together, since the words of a test are texts.
      const script =
        "redis.call('SET', KEYS[1], (string.gsub(ARGV[1], '..', function(c) return string.char(tonumber(c, 16)) end)))";
      await redis.say(
        "EVAL",
        script,
        "1",
        storeKey("sluice:", "cache", "response", key),
        value.toString("hex"),
      );
    };
    await plant("good", JSON.stringify(good));
    const found = await one.ask("/good");
    t.match(found.headers, { "x-from": "redis", "cache-status": isHit }, "this is how it would work");
    t.equal(found.body.toString(), "planted");

    const bad: Readonly<Record<string, string>> = {
      "no JSON": "{",
      nothing: "",
      null: "null",
      "a list of what is none": "[5]",
      "a list of names that are none": JSON.stringify([["a b"], ["x\r\ny"]]),
      "a long list": JSON.stringify(Array.from({ length: 50_000 }, () => ["a"])),
      "a response that ends the head": JSON.stringify({ ...good, fields: [["x", "a\r\nset-cookie: b"]] }),
      "a name that ends the head": JSON.stringify({ ...good, fields: [["x: a\r\ny", "b"]] }),
      "a bare line feed": JSON.stringify({ ...good, fields: [["x", "a\nb"]] }),
      "a zero": JSON.stringify({ ...good, fields: [["x", "a\0b"]] }),
      "half a character": JSON.stringify({ ...good, fields: [["x", "\ud800"]] }),
      "fields that are none": JSON.stringify({ ...good, fields: { a: "b" } }),
      "pairs that are none": JSON.stringify({ ...good, fields: [["a"], "bc", [1, 2]] }),
      "a status of progress": JSON.stringify({ ...good, status: 101 }),
      "a status that is a text": JSON.stringify({ ...good, status: "200" }),
      "no status": JSON.stringify({ ...good, status: undefined }),
      "times that are none": JSON.stringify({ ...good, responded: "now", initialAge: null }),
      "no rules for stale use": JSON.stringify({ ...good, staleUse: null }),
      "other rules for stale use": JSON.stringify({
        ...good,
        staleUse: { ...good.staleUse, forbidden: "maybe" },
      }),
    };
    for (const [index, [what, meta]] of Object.entries(bad).entries()) {
      await plant(`bad${index}`, meta);
      const before = asked.length;
      const { status, headers, body } = await one.ask(`/bad${index}`);
      t.equal(status, 200, what);
      t.notOk(headers["set-cookie"] ?? headers["x"], what);
      t.ok(body.equals(bodyOf(`/bad${index}`)), what);
      t.equal(asked.length, before + 1, `${what}: the service is asked`);
      t.match((await one.ask(`/bad${index}`)).headers["cache-status"], isHit, `${what}: and its answer kept`);
    }
    t.equal(await one.metric('sluice_plugin_faults_total{plugin="cache"}'), 0);
  },
);
