import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

type Answer = (request: Request, number: number) => Response;

/** A gateway with a cache before a service; `asked` tells what reached that. */
async function start(answer: Answer, config: object = {}, options: Partial<TestGatewayOptions> = {}) {
  const asked: Request[] = [];
  const gateway = await testGateway({
    plugins: [["cache", config]],
    upstream(request) {
      asked.push(request);
      return answer(request, asked.length);
    },
    ...options,
  });
  const ask = async (path = "/", init: RequestInit = {}) => {
    const response = await gateway.fetch(path, init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { gateway, asked, ask, [Symbol.asyncDispose]: () => gateway.close() };
}

const fresh = (_: Request, number: number) =>
  new Response(`answer ${number}`, { headers: { age: "10", "cache-control": "max-age=60" } });

onEachEngine("a fresh response answers, with its age, and HEAD and ranges too", async (t, engine) => {
  await using cache = await start(fresh, {}, { engine });
  const { asked, ask } = cache;
  const first = await ask();
  t.equal(first.headers.get("cache-status"), "sluice; fwd=uri-miss; stored");
  const second = await ask();
  t.equal(second.text, "answer 1");
  t.match(second.headers.get("age"), /^1[0-9]$/);
  t.match(second.headers.get("cache-status"), /^sluice; hit; ttl=[45]\d$/);
  const part = await ask("/", { headers: { range: "bytes=7-7" } });
  t.match(part, { status: 206, text: "1" });
  t.equal(part.headers.get("content-range"), "bytes 7-7/8");
  t.match(await ask("/", { method: "HEAD" }), { status: 200, text: "" });
  t.equal(asked.length, 1);
});

onEachEngine("a stale response is validated and is fresh again", async (t, engine) => {
  const validated: Answer = (request) =>
    request.headers.get("if-none-match") === '"a"'
      ? new Response(null, { status: 304, headers: { etag: '"a"', "cache-control": "max-age=60" } })
      : new Response("kept", { headers: { etag: '"a"', "cache-control": "max-age=0" } });
  await using cache = await start(validated, {}, { engine });
  const { asked, ask } = cache;
  await ask();
  const second = await ask();
  t.match(second, { status: 200, text: "kept" });
  t.match(second.headers.get("cache-status"), /^sluice; fwd=stale; fwd-status=304; ttl=\d+; stored$/);
  t.equal(asked.length, 2);
  t.equal((await ask()).text, "kept");
  t.equal((await ask("/", { headers: { "if-none-match": '"a"' } })).status, 304);
  t.equal(asked.length, 2);
});

onEachEngine("what may not be shared is asked for each time", async (t, engine) => {
  const forbidden = ["no-store", "private", "no-cache"];
  const answer: Answer = ({ url }, number) =>
    new Response(`${number}`, {
      headers: { "cache-control": `${new URL(url).pathname.slice(1)}, max-age=60` },
    });
  await using cache = await start(answer, {}, { engine });
  for (const path of forbidden) {
    const first = await cache.ask(`/${path}`);
    t.not((await cache.ask(`/${path}`)).text, first.text, path);
  }
  const authorized = { headers: { authorization: "Basic eDp5" } };
  const first = await cache.ask("/x", authorized);
  t.not((await cache.ask("/x")).text, first.text, "what was made for one user");
});

onEachEngine("responses vary, at most so many of them", async (t, engine) => {
  const answer: Answer = ({ headers }) =>
    new Response(headers.get("x-kind"), { headers: { vary: "x-kind", "cache-control": "max-age=60" } });
  await using cache = await start(answer, { maxVariants: 2 }, { engine });
  const kinds = ["a", "b", "a", "b", "c", "a"];
  for (const kind of kinds) t.equal((await cache.ask("/", { headers: { "x-kind": kind } })).text, kind);
  t.equal(cache.asked.length, 4, "a had to go for c");
});

onEachEngine("a change makes what is stored of its URL invalid", async (t, engine) => {
  await using cache = await start(fresh, {}, { engine });
  await cache.ask("/x");
  await cache.ask("/x", { method: "POST" });
  t.equal((await cache.ask("/x")).text, "answer 3");
});

onEachEngine("a stale response stands in for a service that is gone", async (t, engine) => {
  const once: Answer = (_, number) => (number === 1 ? stale() : Response.error());
  const stale = () => new Response("answer 1", { headers: { "cache-control": "max-age=0", etag: '"a"' } });
  await using cache = await start(once, {}, { engine });
  await cache.ask();
  t.match(await cache.ask(), { status: 200, text: "answer 1" });
});

onEachEngine("a client that wants what is stored or nothing gets 504", async (t, engine) => {
  await using cache = await start(fresh, {}, { engine });
  t.equal((await cache.ask("/", { headers: { "cache-control": "only-if-cached" } })).status, 504);
  t.equal(cache.asked.length, 0);
});

onEachEngine("a field in which a client names another target keeps nothing", async (t, engine) => {
  await using cache = await start(fresh, {}, { engine });
  await cache.ask("/", { headers: { "x-original-url": "/evil" } });
  t.equal((await cache.ask()).text, "answer 2");
});

onEachEngine("a field that is named for the key parts what clients get", async (t, engine) => {
  const reflected: Answer = ({ headers }) =>
    new Response(headers.get("x-host"), { headers: { "cache-control": "max-age=60" } });
  await using cache = await start(reflected, { keyHeaders: ["X-Host"] }, { engine });
  await cache.ask("/", { headers: { "x-host": "evil" } });
  t.equal((await cache.ask("/", { headers: { "x-host": "good" } })).text, "good");
});
