import { createHash } from "node:crypto";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import type { BreakerContext } from "../../../plugins/breaker/call.ts";
import { askedFor } from "../../../plugins/breaker/fallback.ts";
import { mayAsk, mayKeep } from "../../../plugins/breaker/stale.ts";
import type { PluginRequest } from "../../../sdk/index.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

type Fields = Record<string, string>;

const sized = { "content-length": "5" };
const mayAskWith = (fields: Fields, method = "GET") =>
  mayAsk({ method, url: "http://a.test/", headers: new Headers(fields) });
const mayKeepWith = (fields: Fields, status = 200) =>
  mayKeep({ status, headers: new Headers({ ...sized, ...fields }) }, { maxAge: 60, maxBytes: 10 });

t.test("only a GET that is nobody's own may be answered from what is kept", async (t) => {
  t.equal(mayAskWith({ accept: "text/html", "cache-control": "max-age=0" }), true);
  t.equal(mayAskWith({}, "HEAD"), false);
  t.equal(mayAskWith({}, "POST"), false);
  const own: Fields[] = [
    { authorization: "Bearer x" },
    { cookie: "session=1" },
    { range: "bytes=0-1" },
    { "cache-control": "no-store" },
    { "cache-control": "max-age=0, No-Cache" },
    { pragma: "no-cache" },
    { "x-original-url": "/evil" },
    { "x-http-method-override": "POST" },
    { "content-length": "4" },
  ];
  for (const fields of own) t.equal(mayAskWith(fields), false, JSON.stringify(fields));
});

t.test("only an answer that is meant for everybody, and may be used when it is old, is kept", async (t) => {
  t.equal(mayKeepWith({}), true);
  t.equal(mayKeepWith({ "cache-control": "public, max-age=10", vary: "accept" }), true);
  t.equal(mayKeepWith({ "cache-control": "max-age=1, x-private-thing=1" }), true);
  const others: Fields[] = [
    { "set-cookie": "session=1" },
    { vary: "accept, *" },
    { "content-length": "11" },
    { "content-length": "x" },
    ...["private", "no-store", "no-cache", 'no-cache="set-cookie"', "max-age=5,must-revalidate"],
    ...["proxy-revalidate", "s-maxage=10", "PRIVATE", "public , private"],
  ].map((value): Fields => (typeof value === "string" ? { "cache-control": value } : value));
  for (const fields of others) t.equal(mayKeepWith(fields), false, JSON.stringify(fields));
  for (const status of [201, 204, 206, 301, 404, 500]) t.equal(mayKeepWith({}, status), false, `${status}`);
  t.equal(mayKeep({ status: 200, headers: new Headers() }, { maxAge: 60, maxBytes: 10 }), false, "no length");
});

/** A gateway whose service answers GETs by a function, and breaks when it is told to. */
async function start(
  answer: (request: Request) => Response,
  stale: object,
  engine?: "inline" | "isolated-vm" | "quickjs",
) {
  const service = { isDown: false };
  const gateway = await testGateway({
    plugins: [
      [
        "breaker",
        { minimumCalls: 1, failureRate: 1, jitter: 0, openTime: 5, probes: 1, fallback: { stale } },
      ],
    ],
    clock: "stopped",
    upstream: (request) => (service.isDown ? Response.error() : answer(request)),
    ...(engine && { engine }),
  });
  const get = (path: string, headers: Fields = {}) => gateway.fetch(path, { headers });
  const open = async () => {
    service.isDown = true;
    await gateway.fetch("/", { method: "POST" });
  };
  return { gateway, service, get, open, [Symbol.asyncDispose]: () => gateway.close() };
}

onEachEngine("while the circuit is open the last good answer is given, byte by byte", async (t, engine) => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, index) => index % 256);
  const answer = () =>
    new Response(bytes, {
      headers: {
        "content-type": "image/png",
        "content-length": "5000",
        etag: '"x"',
        age: "7",
        vary: "Accept",
      },
    });
  await using started = await start(answer, {}, engine);
  const { gateway, get, open } = started;
  t.equal((await get("/a?b", { accept: "image/png" })).status, 200);
  t.equal((await get("/long")).status, 200);
  await open();
  const old = await get("/a?b", { accept: "image/png" });
  t.equal(old.status, 200);
  t.same(new Uint8Array(await old.arrayBuffer()), bytes);
  t.match(Object.fromEntries(old.headers), {
    "content-type": "image/png",
    etag: '"x"',
    age: /^[789]$/,
    "cache-status": "sluice; hit; detail=circuit_open",
  });
  t.equal((await get("/a?b", { accept: "image/avif" })).status, 503, "another variant");
  t.equal((await get("/a?c", { accept: "image/png" })).status, 503, "another URL");
  t.equal(gateway.metrics.counter("stale_upstream"), 1);
  t.same(gateway.faults, []);
});

t.test("what one client was given for its credentials is given to no other [CVE-2026-2836]", async (t) => {
  const answer = (request: Request) => {
    const who = request.headers.get("authorization") ?? request.headers.get("cookie") ?? "nobody";
    const body = `account of ${who}`;
    return new Response(body, { headers: { "content-length": String(body.length) } });
  };
  await using started = await start(answer, {});
  const { get, open } = started;
  await get("/me", { authorization: "Bearer alice" });
  await get("/me", { cookie: "session=alice" });
  await get("/public");
  await open();
  for (const headers of [{}, { authorization: "Bearer eve" }, { cookie: "session=eve" }] as Fields[]) {
    t.equal((await get("/me", headers)).status, 503);
  }
  t.equal((await get("/public", { cookie: "session=eve" })).status, 503);
  t.equal(await (await get("/public")).text(), "account of nobody");
});

onEachEngine(
  "what somebody was given whom a policy knows is given to nobody, though the request has no credentials left",
  async (t, engine) => {
    const service = { isDown: false };
    const account = (request: Request) => {
      const body = `account of ${request.headers.get("x-auth-subject") ?? "nobody"}`;
      return new Response(body, { headers: { "content-length": String(body.length) } });
    };
    const keys = ["alice", "eve"].map((subject) => ({
      key: createHash("sha256").update(`key of ${subject}`).digest("hex"),
      subject,
    }));
    const auth = ["auth", { strategies: [{ type: "api-key", keys }], require: "none" }] as const;
    const breaker = [
      "breaker",
      { minimumCalls: 1, failureRate: 1, jitter: 0, fallback: { stale: {} } },
    ] as const;
    await using gateway = await testGateway({
      plugins: [auth, breaker],
      clock: "stopped",
      upstream: (request) => (service.isDown ? Response.error() : account(request)),
      engine,
    });
    const get = (headers: Fields = {}) => gateway.fetch("/me", { headers });
    t.equal(await (await get({ "x-api-key": "key of alice" })).text(), "account of alice");
    service.isDown = true;
    await gateway.fetch("/", { method: "POST" });
    t.equal((await get()).status, 503, "a stranger");
    t.equal((await get({ "x-api-key": "key of eve" })).status, 503, "another client");
    t.same(gateway.faults, []);
  },
);

t.test(
  "what one route was answered, or for another URL that proxies tell, is given on no other one",
  async (t) => {
    const ctx = (name: string) =>
      ({ config: { fallback: { stale: {} } }, identity: null, route: { name } }) as unknown as BreakerContext;
    const request = new Request("http://a.test/") as unknown as PluginRequest;
    t.not(askedFor(request, ctx("tenant-a"))!.url, askedFor(request, ctx("tenant-b"))!.url);
    const headers = { "x-forwarded-host": "evil.test" };
    const told = new Request("http://a.test/", { headers }) as unknown as PluginRequest;
    t.not(
      askedFor(told, ctx("tenant-a"))!.url,
      askedFor(request, ctx("tenant-a"))!.url,
      "attack: what a client says of the URL through a trusted proxy is in the answer of no other",
    );
  },
);

t.test("an answer is as old as it may be, and one is kept of a URL every so often", async (t) => {
  let number = 0;
  const answer = () => new Response(`${++number}`, { headers: { "content-length": "1" } });
  await using started = await start(answer, { maxAge: 60, every: 10 });
  const { gateway, service, get, open } = started;
  await get("/");
  await get("/");
  await open();
  t.equal(await (await get("/")).text(), "1", "the second one was not kept");
  await gateway.clock.advance(10_000);
  service.isDown = false;
  await get("/");
  await open();
  t.equal(await (await get("/")).text(), "3");
  await gateway.clock.advance(59_999);
  service.isDown = true;
  await gateway.fetch("/", { method: "POST" });
  t.equal(await (await get("/")).text(), "3");
  await gateway.clock.advance(1);
  await gateway.fetch("/", { method: "POST" });
  t.equal((await get("/")).status, 503);
});

t.test("a URL that is too long to be kept is answered all the same", async (t) => {
  await using started = await start(() => new Response("x", { headers: { "content-length": "1" } }), {});
  const { gateway, get, open } = started;
  const long = `/${"x".repeat(3000)}`;
  t.equal((await get(long)).status, 200);
  await open();
  t.equal((await get(long)).status, 503);
  t.same(gateway.faults, []);
  t.notMatch(gateway.log, [{ level: "error" }]);
});
