import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import type { EngineName } from "../../../core/sandbox/engine.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { until } from "../../net/until.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

interface Question {
  readonly request: Request;
  answer(body: string, headers?: Record<string, string>, status?: number): void;
  breakOff(): void;
}

/** A cache before a service that answers when the test says so. */
async function start(engine: EngineName, config: object = {}) {
  const questions: Question[] = [];
  let retried = 0;
  const gateway = await testGateway({
    plugins: [{ plugin: "cache", config: { collapse: { timeout: 4 }, ...config } }],
    engine,
    upstream(request) {
      // The proxy asks twice more by itself before it gives up.
      if (retried-- > 0) return Response.error();
      retried = 0;
      const { promise, resolve } = Promise.withResolvers<Response>();
      questions.push({
        request,
        answer: (body, headers = { "cache-control": "max-age=60" }, status = 200) =>
          resolve(new Response(body, { status, headers })),
        breakOff() {
          retried = 2;
          resolve(Response.error());
        },
      });
      return promise;
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
  return {
    ask,
    questions,
    /** Resolves when so many requests have reached the service, and so many wait. */
    async at(asked: number, waiting: number) {
      await until(() => questions.length >= asked);
      await until(() => gateway.metrics.counter("collapsed_requests") >= waiting);
    },
    [Symbol.asyncDispose]: () => gateway.close(),
  };
}

onEachEngine("those who want the same wait for the first and get its answer", async (t, engine) => {
  await using cache = await start(engine);
  const first = cache.ask();
  await cache.at(1, 0);
  const others = [cache.ask(), cache.ask(), cache.ask()];
  await cache.at(1, 3);
  cache.questions[0]!.answer("one");
  t.match(await first, { text: "one", told: "sluice; fwd=uri-miss; stored" });
  for (const other of await Promise.all(others))
    t.match(other, { text: "one", told: /^sluice; fwd=uri-miss; ttl=\d+; collapsed$/ });
  t.equal(cache.questions.length, 1);
});

onEachEngine(
  "a private answer goes to the one that asked for it, and the others ask themselves",
  async (t, engine) => {
    await using cache = await start(engine);
    const first = cache.ask();
    await cache.at(1, 0);
    const others = [cache.ask(), cache.ask()];
    await cache.at(1, 2);
    cache.questions[0]!.answer("for one", { "cache-control": "private" });
    t.equal((await first).text, "for one");
    await cache.at(3, 2);
    for (const [index, question] of cache.questions.slice(1).entries())
      question.answer(`own ${index}`, { "cache-control": "private" });
    t.same((await Promise.all(others)).map(({ text }) => text).sort(), ["own 0", "own 1"]);
  },
);

onEachEngine("where answers were not for all, requests do not wait for each other", async (_, engine) => {
  await using cache = await start(engine);
  const first = cache.ask();
  await cache.at(1, 0);
  cache.questions[0]!.answer("for one", { "cache-control": "no-store" });
  await first;
  const second = cache.ask();
  const third = cache.ask();
  await cache.at(3, 0);
  for (const question of cache.questions) question.answer("x", { "cache-control": "no-store" });
  await Promise.all([second, third]);
});

onEachEngine("when the first fails, one other asks and the rest go on waiting", async (t, engine) => {
  await using cache = await start(engine);
  const first = cache.ask();
  await cache.at(1, 0);
  const others = [cache.ask(), cache.ask()];
  await cache.at(1, 2);
  cache.questions[0]!.answer("broken", {}, 500);
  t.equal((await first).status, 500);
  await cache.at(2, 2);
  cache.questions[1]!.answer("works");
  t.same(
    (await Promise.all(others)).map(({ text }) => text),
    ["works", "works"],
  );
  t.equal(cache.questions.length, 2);
});

onEachEngine("when the first gets no answer, one other asks", async (t, engine) => {
  await using cache = await start(engine);
  const first = cache.ask();
  await cache.at(1, 0);
  const other = cache.ask();
  await cache.at(1, 1);
  cache.questions[0]!.breakOff();
  t.equal((await first).status, 502);
  await cache.at(2, 1);
  cache.questions[1]!.answer("works");
  t.equal((await other).text, "works");
});

onEachEngine("a client that leaves takes nothing from those who wait for its answer", async (t, engine) => {
  await using cache = await start(engine);
  const leaving = new AbortController();
  const first = cache.ask("/", { signal: leaving.signal });
  await cache.at(1, 0);
  const other = cache.ask();
  await cache.at(1, 1);
  leaving.abort();
  await t.rejects(first);
  cache.questions[0]!.answer("works");
  t.equal((await other).text, "works");
  t.equal(cache.questions.length, 1);
});

onEachEngine(
  "a client that leaves and that nobody waits for makes room for the next one",
  async (t, engine) => {
    await using cache = await start(engine);
    const leaving = new AbortController();
    const first = cache.ask("/", { signal: leaving.signal });
    await cache.at(1, 0);
    leaving.abort();
    await t.rejects(first);
    const other = cache.ask();
    await cache.at(2, 0);
    cache.questions[1]!.answer("works");
    t.equal((await other).text, "works");
  },
);

onEachEngine(
  "one that waits and leaves does not become the one that the others wait for",
  async (t, engine) => {
    await using cache = await start(engine);
    const first = cache.ask();
    await cache.at(1, 0);
    const leaving = new AbortController();
    const second = cache.ask("/", { signal: leaving.signal });
    await cache.at(1, 1);
    const third = cache.ask();
    await cache.at(1, 2);
    leaving.abort();
    await t.rejects(second);
    cache.questions[0]!.breakOff();
    await first;
    await cache.at(2, 2);
    cache.questions[1]!.answer("works");
    t.equal((await third).text, "works");
  },
);

onEachEngine("who waits and wants another variant gets its own", async (t, engine) => {
  await using cache = await start(engine);
  const vary = { "cache-control": "max-age=60", vary: "x-kind" };
  const ask = (kind: string) => cache.ask("/", { headers: { "x-kind": kind } });
  const first = ask("a");
  await cache.at(1, 0);
  const others = [ask("b"), ask("a"), ask("b")];
  await cache.at(1, 3);
  cache.questions[0]!.answer("a", vary);
  await cache.at(2, 3);
  t.equal(cache.questions[1]!.request.headers.get("x-kind"), "b");
  cache.questions[1]!.answer("b", vary);
  t.same(
    (await Promise.all([first, ...others])).map(({ text }) => text),
    ["a", "b", "a", "b"],
  );
  t.equal(cache.questions.length, 2);
});

onEachEngine("who has waited for as long as is said asks the service itself", async (t, engine) => {
  // Long enough for the second one to come in time on a machine under load.
  await using cache = await start(engine, { collapse: { timeout: 1 } });
  const first = cache.ask();
  await cache.at(1, 0);
  const second = cache.ask();
  await cache.at(2, 1);
  cache.questions[1]!.answer("second");
  t.equal((await second).text, "second");
  cache.questions[0]!.answer("first");
  t.equal((await first).text, "first");
});

onEachEngine("nobody waits where the time for it is 0", async (t, engine) => {
  await using cache = await start(engine, { collapse: { timeout: 0 } });
  const both = [cache.ask(), cache.ask()];
  await cache.at(2, 0);
  for (const question of cache.questions) question.answer("x");
  t.equal((await Promise.all(both)).length, 2);
});

onEachEngine("a stale response is validated once for all who want it", async (t, engine) => {
  await using cache = await start(engine);
  const stale = { etag: '"a"', age: "60", "cache-control": "max-age=60" };
  const first = cache.ask();
  await cache.at(1, 0);
  cache.questions[0]!.answer("kept", stale);
  await first;
  const leader = cache.ask();
  await cache.at(2, 0);
  const others = [cache.ask(), cache.ask()];
  await cache.at(2, 2);
  cache.questions[1]!.answer(null as never, { etag: '"a"', "cache-control": "max-age=60" }, 304);
  for (const { status, text } of await Promise.all([leader, ...others]))
    t.same([status, text], [200, "kept"]);
  t.equal(cache.questions.length, 2);
});

onEachEngine("what is stale stands in for all who wait when the service is gone", async (t, engine) => {
  await using cache = await start(engine, { staleIfError: 60 });
  const first = cache.ask();
  await cache.at(1, 0);
  cache.questions[0]!.answer("kept", { etag: '"a"', age: "60", "cache-control": "max-age=60" });
  await first;
  const leader = cache.ask();
  await cache.at(2, 0);
  const others = [cache.ask(), cache.ask()];
  await cache.at(2, 2);
  cache.questions[1]!.breakOff();
  for (const { status, text } of await Promise.all([leader, ...others]))
    t.same([status, text], [200, "kept"]);
  t.equal(cache.questions.length, 2);
});

for (const [what, headers] of [
  ["Authorization", { authorization: "Basic eDp5" }],
  ["Cookie", { cookie: "a=b" }],
  ["Range", { range: "bytes=0-0" }],
  ["a condition", { "if-none-match": '"x"' }],
  ["no-cache", { "cache-control": "no-cache" }],
] as const) {
  onEachEngine(`a request with ${what} holds up none without`, async (t, engine) => {
    await using cache = await start(engine);
    const odd = cache.ask("/", { headers });
    await cache.at(1, 0);
    const plain = cache.ask();
    await cache.at(2, 0);
    cache.questions[1]!.answer("plain");
    t.equal((await plain).text, "plain");
    cache.questions[0]!.answer("odd", { "cache-control": "private" });
    t.equal((await odd).text, "odd");
  });
}
