/** Purging what the cache keeps, as an operator does it: over HTTP, of a running Sluice with several workers. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { startSluice } from "./running-sluice.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, number: number) => void;

async function start(t: Test, answer: Answer, { workers = 1, config = "{}" } = {}) {
  const asked: IncomingMessage[] = [];
  const service = createServer((request, response) => answer(request, response, asked.push(request)));
  service.listen(0, "127.0.0.1");
  await once(service, "listening");
  t.teardown(() => {
    service.close();
    service.closeAllConnections();
  });
  const file = join(t.testdir(), "sluice.yaml");
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
workers: ${workers}
accessLog: false
clusters: { app: { endpoints: ["http://127.0.0.1:${(service.address() as AddressInfo).port}"] } }
routes: [{ cluster: app, policies: [{ plugin: cache, config: ${config} }] }]
`,
  );
  const sluice = startSluice(t, "--config", file);
  const [url, admin] = [await sluice.url(), await sluice.adminUrl()];
  /** Each on a connection of its own, so that any worker may get it. */
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const asking = request(`${url}${path}`, { agent: new Agent(), headers }).end();
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    return { headers: response.headers, body: await text(response) };
  };
  const purge = async (what: object) => {
    const response = await fetch(`${admin}/cache/purge`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(what),
    });
    return { status: response.status, ...((await response.json()) as { purged?: number; title?: string }) };
  };
  return { url, admin, asked, ask, purge };
}

const tagged: Answer = (request, response, number) => {
  const fields = {
    "cache-control": "max-age=600",
    "cache-tag": `all p${request.url?.slice(2)}`,
    etag: '"e"',
  };
  if (request.headers["if-none-match"] === '"e"') response.writeHead(304, fields).end();
  else response.writeHead(200, fields).end(`answer ${number}`);
};

/** One for the tests that need no service of their own. */
const shared = start(t, tagged);

t.test("a purge by URL, prefix or tag reaches every worker before it is answered", async (t) => {
  const { url, ask, asked, purge } = await start(t, tagged, { workers: 2 });
  const fill = async () => {
    for (let i = 0; i < 60; i++) await ask(`/${["a", "b1", "b2"][i % 3]}`);
    return asked.length;
  };
  let before = await fill();
  t.equal(before, 6, "each worker has asked for each once");
  t.equal(await fill(), before);
  const ways = [
    { what: { url: `${url}/a` }, gone: 1 },
    { what: { prefix: `${url}/b` }, gone: 2 },
    { what: { tag: "all" }, gone: 3 },
    { what: { tag: "p1" }, gone: 1 },
  ];
  for (const { what, gone } of ways) {
    t.same(await purge(what), { status: 200, purged: 2 * gone }, JSON.stringify(what));
    t.equal(await fill(), before + 2 * gone);
    before += 2 * gone;
  }
  t.same(await purge({ tag: "none" }), { status: 200, purged: 0 });
});

t.test("a soft purge has what is stored validated, and it stays where it holds", async (t) => {
  const { url, ask, asked, purge } = await shared;
  const { body } = await ask("/x");
  const before = asked.length;
  t.same(await purge({ url: `${url}/x`, soft: true }), { status: 200, purged: 1 });
  const validated = await ask("/x");
  t.equal(validated.body, body);
  t.match(validated.headers["cache-status"], /^sluice; fwd=stale; fwd-status=304; .*stored$/);
  t.equal(asked.at(-1)?.headers["if-none-match"], '"e"');
  t.match((await ask("/x")).headers["cache-status"], /^sluice; hit/);
  t.equal(asked.length, before + 1);
});

t.test("clients do not get the tags, neither from the service nor from the cache", async (t) => {
  const { ask } = await shared;
  for (let i = 0; i < 2; i++) t.notOk((await ask("/tags")).headers["cache-tag"]);
  const other = await start(t, tagged, { config: "{ exposeTags: true }" });
  for (let i = 0; i < 2; i++) t.equal((await other.ask("/x")).headers["cache-tag"], "all p");
});

t.test("a response that is under way while it is purged is not kept", async (t) => {
  const waiting: (() => void)[] = [];
  const { url, ask, asked, purge } = await start(t, (request, response, number) => {
    waiting.push(() => tagged(request, response, number));
  });
  const arrived = async (count: number) => {
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const ways = [{ url: `${url}/x` }, { prefix: `${url}/` }, { tag: "all" }, { tag: "all", soft: true }];
  for (const what of ways) {
    const seen = asked.length;
    const old = ask("/x");
    await arrived(seen + 1);
    t.same(await purge(what), { status: 200, purged: 0 });
    waiting[seen]!();
    t.equal((await old).body, `answer ${seen + 1}`);
    const next = ask("/x");
    await arrived(seen + 2);
    waiting[seen + 1]!();
    t.equal((await next).body, `answer ${seen + 2}`, `${JSON.stringify(what)}: asked for anew`);
    t.match((await ask("/x")).headers["cache-status"], /^sluice; hit/, "and kept");
    await purge({ prefix: url });
  }
});

t.test("a change makes a response that is under way one that is not kept", async (t) => {
  const waiting: (() => void)[] = [];
  const { url, ask, asked } = await start(t, (request, response, number) => {
    if (request.method === "POST") response.writeHead(204).end();
    else waiting.push(() => tagged(request, response, number));
  });
  const old = ask("/x");
  while (waiting.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await fetch(`${url}/x`, { method: "POST" });
  waiting[0]!();
  t.equal((await old).body, "answer 1");
  const next = ask("/x");
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  waiting[1]!();
  t.equal((await next).body, "answer 3");
  t.equal(asked.length, 3);
});

t.test("what is confirmed while another response takes its place is not mixed with that", async (t) => {
  const waiting: (() => void)[] = [];
  const { url, ask, asked, purge } = await start(t, (request, response, number) => {
    const fields = { "cache-control": "max-age=0", etag: `"${number}"`, "x-version": String(number) };
    if (request.headers["if-none-match"] === undefined) response.writeHead(200, fields).end(`body ${number}`);
    else waiting.push(() => response.writeHead(304, { ...fields, etag: '"1"', "x-version": "1" }).end());
  });
  t.equal((await ask("/x")).body, "body 1");
  const confirmed = ask("/x");
  while (waiting.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await purge({ url: `${url}/x` });
  t.equal((await ask("/x")).body, `body ${asked.length}`);
  waiting[0]!();
  const { headers, body } = await confirmed;
  t.equal(`body ${headers["x-version"]}`, body);
  t.equal(headers["etag"], `"${headers["x-version"]}"`);
});

t.test("a purge that does not say what is refused, and does nothing", async (t) => {
  const { url, admin, ask, asked, purge } = await shared;
  await ask("/kept");
  const before = asked.length;
  const wrong = [
    {},
    [],
    { url: "/x" },
    { url: 1 },
    { tag: "" },
    { url, tag: "all" },
    { tag: "all", soft: 1 },
  ];
  for (const what of [...wrong, { tags: "all" }, { prefix: "" }]) {
    t.equal((await purge(what)).status, 400, JSON.stringify(what));
  }
  t.equal((await fetch(`${admin}/cache/purge`)).status, 405);
  await ask("/kept");
  t.equal(asked.length, before);
});

t.test("the URL of a purge is read as policies keep it", async (t) => {
  const { url, ask, purge } = await shared;
  await ask("/x?a=1");
  const shouted = url.replace("http:", "HTTP:");
  t.same(await purge({ url: `${shouted}/x?a=1#part` }), { status: 200, purged: 1 });
  await ask("/");
  t.same(await purge({ url }), { status: 200, purged: 1 });
});

t.test("/metrics tells what the store holds", async (t) => {
  const { admin, ask } = await shared;
  for (let i = 0; i < 2; i++) await ask("/metered");
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  t.match(metrics, /^sluice_cache_entries [1-9]/m);
  t.match(metrics, /^sluice_cache_bytes [1-9]\d\d/m);
  t.match(metrics, /^sluice_cache_lookups_total\{result="hit"\} [1-9]/m);
  t.match(metrics, /^sluice_cache_lookups_total\{result="miss"\} [1-9]/m);
  t.match(metrics, /^sluice_cache_evictions_total 0$/m);
});
