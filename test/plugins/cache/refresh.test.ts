import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import type { EngineName } from "../../../core/sandbox/engine.ts";
import { type PluginEntry, testGateway } from "../../../core/testing/index.ts";
import { until } from "../../net/until.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

type Answer = (request: Request, number: number) => Response | Promise<Response>;

async function start(
  engine: EngineName,
  answer: Answer,
  config: object = {},
  plugins: readonly PluginEntry[] = [],
) {
  const asked: Request[] = [];
  const gateway = await testGateway({
    plugins: [{ plugin: "cache", config }, ...plugins],
    engine,
    upstream(request) {
      asked.push(request);
      return answer(request, asked.length);
    },
  });
  const ask = async (path = "/", init: RequestInit = {}) => {
    const response = await gateway.fetch(path, init);
    return {
      status: response.status,
      told: response.headers.get("cache-status"),
      text: await response.text(),
    };
  };
  return { gateway, asked, ask, [Symbol.asyncDispose]: () => gateway.close() };
}

const stale = { age: "60", "cache-control": "max-age=60, stale-while-revalidate=60" };
const fresh = { "cache-control": "max-age=60" };
/** What is stale at once, and fresh the second time. */
const refreshed: Answer = (_, number) =>
  new Response(`answer ${number}`, { headers: number === 1 ? stale : fresh });

onEachEngine("what is stale is the answer at once, and the next one gets what is new", async (t, engine) => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using cache = await start(engine, (request, number) =>
    number === 1 ? refreshed(request, 1) : promise,
  );
  await cache.ask();
  t.match(await cache.ask(), { text: "answer 1", told: /^sluice; hit; ttl=-\d+$/ });
  await until(() => cache.asked.length === 2);
  t.match(await cache.ask(), { text: "answer 1" }, "still: the service has not answered");
  resolve(new Response("answer 2", { headers: fresh }));
  await until(async () => (await cache.ask()).text === "answer 2");
  t.equal(cache.asked.length, 2, "it was asked once");
});

onEachEngine("many who get what is stale have it refreshed once", async (t, engine) => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using cache = await start(engine, (request, number) =>
    number === 1 ? refreshed(request, 1) : promise,
  );
  await cache.ask();
  const texts = (await Promise.all(Array.from({ length: 20 }, () => cache.ask()))).map(({ text }) => text);
  t.same(new Set(texts), new Set(["answer 1"]));
  resolve(new Response("answer 2", { headers: fresh }));
  await until(async () => (await cache.ask()).text === "answer 2");
  t.equal(cache.asked.length, 2);
  t.equal(cache.gateway.metrics.counter("refreshes"), 1);
});

onEachEngine("a refresh asks with the validators, and a confirmation makes fresh", async (t, engine) => {
  const confirm: Answer = (request) =>
    request.headers.get("if-none-match") === '"a"'
      ? new Response(null, { status: 304, headers: { etag: '"a"', ...fresh } })
      : new Response("kept", { headers: { etag: '"a"', ...stale } });
  await using cache = await start(engine, confirm);
  await cache.ask();
  t.match(await cache.ask(), { told: /ttl=-/ });
  await until(async () => /ttl=[1-9]/.test((await cache.ask()).told ?? ""));
  t.equal(cache.asked.length, 2);
  t.equal((await cache.ask()).text, "kept");
});

onEachEngine(
  "while a refresh fails what is stale goes on to be the answer, for its time",
  async (t, engine) => {
    const fail: Answer = (request, number) =>
      number === 1 ? refreshed(request, 1) : new Response("broken", { status: 500 });
    await using cache = await start(engine, fail);
    await cache.ask();
    for (let i = 0; i < 3; i++) {
      const { length } = cache.asked;
      t.match(await cache.ask(), { status: 200, text: "answer 1" });
      await until(() => cache.asked.length > length);
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
);

onEachEngine("the operator may say for how long what is stale is used meanwhile", async (t, engine) => {
  const answer: Answer = (_, number) =>
    new Response(`answer ${number}`, {
      headers: number === 1 ? { age: "60", "cache-control": "max-age=60", etag: '"a"' } : fresh,
    });
  await using cache = await start(engine, answer, { staleWhileRevalidate: 60 });
  await cache.ask();
  t.equal((await cache.ask()).text, "answer 1");
  await until(async () => (await cache.ask()).text === "answer 2");
});

onEachEngine("a refresh is no request of a client: it is not logged", async (t, engine) => {
  await using cache = await start(engine, refreshed);
  let asked = 2;
  await cache.ask();
  await cache.ask();
  do asked++;
  while ((await cache.ask()).text !== "answer 2");
  t.equal(cache.gateway.records.length, asked);
});

onEachEngine("policies behind the cache see a refresh", async (t, engine) => {
  const sign = 'export default { onUpstream(attempt) { attempt.headers.set("x-signed", "yes"); } };';
  await using cache = await start(engine, refreshed, {}, [{ source: sign, name: "sign" }]);
  await cache.ask();
  await cache.ask();
  await until(() => cache.asked.length === 2);
  t.equal(cache.asked[1]!.headers.get("x-signed"), "yes");
});

onEachEngine("a refresh with a part or a condition of a client asks for the whole", async (t, engine) => {
  await using cache = await start(engine, refreshed);
  await cache.ask();
  t.equal((await cache.ask("/", { headers: { range: "bytes=0-0" } })).text, "a");
  await until(async () => (await cache.ask()).text === "answer 2");
  t.equal(cache.asked[1]!.headers.get("range"), null);
});
