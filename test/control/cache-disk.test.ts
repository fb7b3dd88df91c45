/** The cache on disk, of a running Sluice that is ended, killed and started again. */
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import t, { type Test } from "tap";
import { startSluice } from "./running-sluice.ts";

t.setTimeout(120_000);

/** What a URL answers: anybody can tell whether it is the whole of it, and of nothing else. */
function bodyOf(url: string): Buffer {
  const length = Number(/\d+/.exec(url)?.[0] ?? 100);
  return Buffer.alloc(length, `${url} `);
}

async function startService(t: Test): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const service = createServer((question, response) => {
    asked.push(question.url!);
    const fields = { "cache-control": "max-age=600", "cache-tag": "all", etag: '"e"' };
    if (question.headers["if-none-match"] === '"e"') response.writeHead(304, fields).end();
    else response.writeHead(200, fields).end(bodyOf(question.url!));
  });
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  t.teardown(() => {
    service.close();
    service.closeAllConnections();
  });
  return { port: (service.address() as AddressInfo).port, asked };
}

async function start(t: Test, file: string) {
  const sluice = startSluice(t, "--config", file);
  const [url, admin] = [await sluice.url(), await sluice.adminUrl()];
  return {
    sluice,
    url,
    admin,
    /** By a name, which outlives a restart as the port does not. */
    async ask(path: string, headers: Record<string, string> = {}, method = "GET") {
      const asking = request(url + path, {
        headers: { host: "shop.test", ...headers },
        method,
        agent: false,
      }).end();
      const [response] = (await once(asking, "response")) as [IncomingMessage];
      return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
    },
    async metric(name: string): Promise<number> {
      const text = await (await fetch(`${admin}/metrics`)).text();
      return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1] ?? 0);
    },
    async end() {
      sluice.signal("SIGTERM");
      await sluice.exitCode();
    },
  };
}

function writeConfig(t: Test, port: number, { workers = 1, memory = "1MiB" } = {}): string {
  const file = join(t.testdirName, "sluice.yaml");
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
accessLog: false
workers: ${workers}
cache: { memory: ${memory}, disk: { path: disk, size: 100MiB } }
clusters: { app: { endpoints: ["http://127.0.0.1:${port}"] } }
routes: [{ cluster: app, policies: [{ plugin: cache, config: { maxBody: 33554432 } }] }]
`,
  );
  return file;
}

t.test("a restart begins with what was stored: short and long bodies, parts, heads and purges", async (t) => {
  t.testdir();
  const { port, asked } = await startService(t);
  const file = writeConfig(t, port);
  const first = await start(t, file);
  const paths = ["/short?20", "/block?65536", "/long?3000000"];
  for (const path of paths) await first.ask(path);
  await first.end();

  const second = await start(t, file);
  while ((await second.metric("sluice_cache_disk_entries")) < 3) await delay(10);
  for (const path of [...paths, ...paths]) {
    const { headers, body } = await second.ask(path);
    t.match(headers["cache-status"], /^sluice; hit/, path);
    t.equal(headers["content-length"], String(bodyOf(path).length));
    t.ok(body.equals(bodyOf(path)));
  }
  const part = await second.ask("/long?3000000", { range: "bytes=1000000-2000000" });
  t.equal(part.status, 206);
  t.ok(part.body.equals(bodyOf("/long?3000000").subarray(1_000_000, 2_000_001)));
  const head = await second.ask("/long?3000000", {}, "HEAD");
  t.same([head.headers["content-length"], head.body.length], ["3000000", 0]);
  t.equal((await second.ask("/long?3000000", { "if-none-match": '"e"' })).status, 304);
  t.equal(asked.length, 3);

  const purge = async (what: object) => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(what);
    return (await fetch(`${second.admin}/cache/purge`, { method: "POST", headers, body })).json();
  };
  t.same(await purge({ tag: "all", soft: true }), { purged: 3 });
  t.match((await second.ask("/long?3000000")).headers["cache-status"], /fwd=stale; fwd-status=304.*stored/);
  t.match((await second.ask("/long?3000000")).headers["cache-status"], /; hit/, "is confirmed on disk");
  t.same(await purge({ url: "http://shop.test/short?20" }), { purged: 1 });
  t.same(await purge({ prefix: "http://shop.test/" }), { purged: 2 });
  t.same(readdirSync(join(t.testdirName, "disk", "reactor-0")), []);
});

t.test("a soft purge outlives a restart", async (t) => {
  t.testdir();
  const { port, asked } = await startService(t);
  const file = writeConfig(t, port);
  const first = await start(t, file);
  await first.ask("/x");
  const headers = { "content-type": "application/json" };
  while ((await first.metric("sluice_cache_disk_entries")) < 1) await delay(10);
  await fetch(`${first.admin}/cache/purge`, { method: "POST", headers, body: '{"tag":"all","soft":true}' });
  first.sluice.signal("SIGKILL");
  await first.sluice.exitCode();
  const second = await start(t, file);
  while ((await second.metric("sluice_cache_disk_entries")) < 1) await delay(10);
  t.match((await second.ask("/x")).headers["cache-status"], /fwd=stale; fwd-status=304/);
  t.equal(asked.length, 2);
});

t.test("kill -9 in the middle of writing: no answer is torn, and what was whole is used", async (t) => {
  t.testdir();
  const { port, asked } = await startService(t);
  const running = await start(t, writeConfig(t, port));
  const paths = Array.from({ length: 60 }, (_, number) => `/p${number}?${(number * 37_123) % 900_000}`);
  let torn = 0;
  const askAll = () =>
    Promise.all(
      paths.map(async (path) => {
        const answer = await running.ask(path).catch(() => null);
        if (answer?.status === 200 && !answer.body.equals(bodyOf(path))) torn++;
      }),
    );
  const kill = async () => {
    const killed = running.sluice.lines.length;
    process.kill(running.sluice.dataPid(), "SIGKILL");
    await running.sluice.line("Data process serves again", killed);
  };
  for (const wait of [30, 60, 90]) {
    const asking = askAll();
    await delay(wait);
    await kill();
    await asking;
  }
  await askAll();
  t.equal(torn, 0);
  const before = asked.length;
  const entries = () => running.metric("sluice_cache_disk_entries");
  while ((await entries()) < paths.length - 5) await askAll();
  t.ok(asked.length < before + 5 * paths.length, "and answers come from there");
  // What is in memory as well is not read from the disk, and what is there is found some time after the start.
  do {
    await kill();
    for (let tries = 0; (await entries()) === 0 && tries < 100; tries++) await delay(10);
    await askAll();
  } while ((await running.metric('sluice_cache_disk_lookups_total\\{result="hit"\\}')) === 0);
  t.equal(torn, 0);
});

t.test("a client that does not read leaves the rest of a body on the disk", async (t) => {
  t.testdir();
  const { port, asked } = await startService(t);
  const running = await start(t, writeConfig(t, port));
  const path = "/large?20000000";
  await running.ask(path);
  const folder = join(t.testdirName, "disk", "reactor-0");
  while (!readdirSync(folder).some((name) => !name.endsWith(".new"))) await delay(10);
  const resident = () => running.metric('sluice_process_resident_memory_bytes\\{process="data"\\}');
  await running.ask(path);
  const before = await resident();
  const stalled: IncomingMessage[] = [];
  for (let i = 0; i < 10; i++) {
    const asking = request(running.url + path, { headers: { host: "shop.test" }, agent: false }).end();
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    response.pause();
    stalled.push(response);
  }
  await delay(300);
  const grown = (await resident()) - before;
  t.ok(grown < 60_000_000, `${Math.round(grown / 1e6)} MB for 10 clients of 20 MB each`);
  t.ok((await buffer(stalled[0]!)).equals(bodyOf(path)), "and it goes on when it is read");
  for (const response of stalled) response.destroy();
  t.equal(asked.length, 1);
});

t.test("fewer workers leave nothing behind of those that are no more", async (t) => {
  t.testdir();
  const { port } = await startService(t);
  const three = await start(t, writeConfig(t, port, { workers: 3 }));
  const folder = join(t.testdirName, "disk");
  while (readdirSync(folder).length < 3) await delay(10);
  await three.end();
  const one = await start(t, writeConfig(t, port, { workers: 1 }));
  while (readdirSync(folder).length > 1) await delay(10);
  t.same(readdirSync(folder), ["reactor-0"]);
  await one.end();
});

t.test("without its folder it serves on, and says so once", async (t) => {
  t.testdir({ disk: "a file" });
  const { port } = await startService(t);
  const { sluice, ask, end } = await start(t, writeConfig(t, port));
  await sluice.line("The disk of the cache fails: it is done without");
  for (let i = 0; i < 3; i++) t.equal((await ask("/x")).status, 200);
  t.match((await ask("/x")).headers["cache-status"], /hit/, "from memory");
  await end();
  t.equal(sluice.lines.filter(({ msg }) => msg.startsWith("The disk of the cache")).length, 1);
});
