import { AssertionError } from "node:assert/strict";
import t from "tap";
import { testGateway } from "../../core/testing/index.ts";

const asking = (url: string, init = "") =>
  `export default {
    capabilities: { fetch: ["https://api.test"] },
    async onRequest(request, ctx) {
      try {
        const response = await fetch(${JSON.stringify(url)}${init && `, ${init}`});
        return new Response(response.status + " " + (await response.text()));
      } catch (error) {
        return new Response(error.name + ": " + error.message, { status: 500 });
      }
    },
  };`;

t.test("fetch is answered by the test, with the request as it would be sent", async (t) => {
  await using gateway = await testGateway({
    plugins: [
      { source: asking("https://api.test/x?y=1", '{ method: "POST", body: "hello", headers: { a: "b" } }') },
    ],
    async fetch(request) {
      t.equal(request.url, "https://api.test/x?y=1");
      t.equal(request.headers.get("a"), "b");
      return new Response(`${request.method} ${await request.text()}`, { status: 201 });
    },
  });
  t.equal(await (await gateway.fetch("/")).text(), "201 POST hello");
});

t.test("grants hold in tests, for redirects too", async (t) => {
  const fetch = () => new Response(null, { status: 302, headers: { location: "https://other.test/" } });
  for (const url of ["https://other.test/", "https://api.test/"]) {
    await using gateway = await testGateway({ plugins: [{ source: asking(url) }], fetch });
    t.match(
      await (await gateway.fetch("/")).text(),
      /^NotAllowedError: .*https:\/\/other\.test is not granted/,
    );
  }
});

t.test("what the stand-in throws looks like a network that failed", async (t) => {
  const fetch = () => {
    throw new Error("secret of the test");
  };
  await using gateway = await testGateway({ plugins: [{ source: asking("https://api.test/") }], fetch });
  t.equal(
    await (await gateway.fetch("/")).text(),
    "TypeError: fetch failed: GET https://api.test: connection failed",
  );
});

t.test("a mistake in the stand-in is told to the test; the plugin sees a network that failed", async (t) => {
  const used = new Response("x");
  await used.text();
  const locked = new Response("x");
  locked.body?.getReader();
  const texts = () => new Response(new ReadableStream({ start: (it) => it.enqueue("text" as never) }));
  const late = () => {
    const parts = [new Uint8Array([65]), "text"];
    return new Response(
      new ReadableStream({
        async pull(it) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          it.enqueue(parts.shift() as never);
        },
      }),
    );
  };
  const failed = () => {
    throw new AssertionError({ message: "not what was expected" });
  };
  for (const [fetch, message] of [
    [() => undefined, "fetch returned something else than a Response"],
    [() => "text", "fetch returned something else than a Response"],
    [() => used, "fetch returned a Response whose body was read before: make one for each request"],
    [() => locked, "fetch returned a Response whose body was read before: make one for each request"],
    [texts, /expected parts of Uint8Array, found string/],
    [late, /expected parts of Uint8Array, found string/],
    [failed, "not what was expected"],
  ] as const) {
    const plugins = [{ source: asking("https://api.test/") }];
    await using gateway = await testGateway({ plugins, fetch: fetch as never });
    await t.rejects(gateway.fetch("/"), { message });
    t.match(gateway.records, [{ status: 500 }]);
  }
});

t.test(
  "what went wrong in a stand-in behind the response is told at the next call, or at the end",
  async (t) => {
    const source = `export default {
    capabilities: { fetch: ["https://api.test"] },
    onRequest(request, { waitUntil }) {
      waitUntil(new Promise((resolve) => setTimeout(resolve, 1000)).then(() => fetch("https://api.test/")).catch(() => {}));
      return new Response("early");
    },
  };`;
    const message = /something else than a Response/;
    const gateway = await testGateway({
      plugins: [{ source }],
      fetch: () => undefined as never,
      clock: "stopped",
    });
    await gateway.fetch("/");
    await t.rejects(gateway.clock.advance(1000), { message });
    await gateway.close();
  },
);

t.test("messages of a known length say it, to the stand-in and to the plugin", async (t) => {
  const source = `export default {
    capabilities: { fetch: ["https://api.test"] },
    async onRequest(request) {
      const body = request.headers.get("x-body");
      const { headers } = await fetch("https://api.test" + new URL(request.url).pathname, body === null ? {} : { method: "POST", body });
      return Response.json(headers.get("content-length"));
    },
  };`;
  const seen: unknown[] = [];
  await using gateway = await testGateway({
    plugins: [{ source }],
    fetch(request) {
      seen.push(request.headers.get("content-length"));
      const { pathname } = new URL(request.url);
      if (pathname === "/empty") return new Response(null);
      if (pathname === "/204") return new Response(null, { status: 204 });
      if (pathname === "/stream")
        return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
      return new Response("wörd", { headers: { "content-length": "99" } });
    },
  });
  const lengths: unknown[] = [];
  for (const path of ["/", "/empty", "/204", "/stream"])
    lengths.push(await (await gateway.fetch(path)).json());
  t.same(lengths, ["5", "0", null, null]);
  await gateway.fetch("/", { headers: { "x-body": "four" } });
  t.same(seen, [null, null, null, null, "4"]);
});

t.test("without a stand-in the failure says what is missing", async (t) => {
  await using gateway = await testGateway({ plugins: [{ source: asking("https://api.test/") }] });
  t.match(await (await gateway.fetch("/")).text(), /the test has no answer for GET https:\/\/api\.test\//);
});

t.test("the limit of outbound calls holds", async (t) => {
  const source = `export default {
    capabilities: { fetch: ["https://api.test"] },
    limits: { fetches: 2 },
    async onRequest() {
      for (let i = 0; i < 5; i++) await (await fetch("https://api.test/")).text();
    },
  };`;
  let calls = 0;
  const fetch = () => {
    calls++;
    return new Response("x");
  };
  await using gateway = await testGateway({ plugins: [{ source }], fetch });
  t.equal((await gateway.fetch("/")).status, 500);
  t.match(gateway.faults, [{ message: /outbound calls are used up/ }]);
  t.ok(calls < 5);
});

const waiting = {
  source: `export default { async onRequest() {
    const begun = performance.now();
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 1000));
    return new Response(String(Math.round(performance.now() - begun)));
  } };`,
};

t.test("the clock moves timers, one after another, and what performance.now() tells", async (t) => {
  await using gateway = await testGateway({ plugins: [waiting], clock: "stopped" });
  let isOver = false;
  const response = gateway.fetch("/").finally(() => {
    isOver = true;
  });
  // The request has to get to the guest first.
  await gateway.clock.advance(0);
  await gateway.clock.advance(2999);
  t.equal(isOver, false);
  await gateway.clock.advance(1);
  t.equal(await (await response).text(), "3000");
  t.equal(gateway.clock.now(), 3000);
});

t.test("a clock that runs can be moved as well", async (t) => {
  await using gateway = await testGateway({ plugins: [waiting] });
  const response = gateway.fetch("/");
  await gateway.clock.advance(0);
  await gateway.clock.advance(10_000);
  t.ok(Number(await (await response).text()) < 4000);
  await t.rejects(gateway.clock.advance(-1), { name: "RangeError" });
});

t.test(
  "the clock moves counters: how long they are kept, how a bucket fills, and the clock that they share",
  async (t) => {
    const source = `export default { capabilities: { kv: true }, onRequest(request, { counters }) {
    const { allowed } = counters.take("bucket", 1, { rate: 0.1, burst: 1 });
    return Response.json([counters.add("n", 1, { ttl: 5 }), allowed, counters.now()]);
  } };`;
    await using gateway = await testGateway({ plugins: [{ source }], clock: "stopped" });
    const ask = async () => (await gateway.fetch("/")).json();
    t.same(await ask(), [1, true, 0]);
    await gateway.clock.advance(4999);
    t.same(await ask(), [2, false, 4999]);
    await gateway.clock.advance(1);
    t.same(await ask(), [1, false, 5000]);
    await gateway.clock.advance(5000);
    t.same(await ask(), [1, true, 10_000]);
  },
);

t.test("one plugin with grants leaves the others with theirs alone", async (t) => {
  const source = "export default { capabilities: { kv: true }, onRequest() {} };";
  const granted = { source, name: "a", grants: { kv: true } };
  await (await testGateway({ plugins: [granted] })).close();
  await t.rejects(testGateway({ plugins: [granted, { source, name: "b" }] }), {
    message: /asks for kv, which is not granted/,
  });
});

t.test("an answer that comes when the plugin has given up harms nobody", async (t) => {
  const source = `export default {
    capabilities: { fetch: ["https://api.test"] },
    async onRequest() {
      const given = await fetch("https://api.test/", { signal: AbortSignal.timeout(20) }).catch((error) => error.name);
      return new Response(String(given), { status: 503 });
    },
  };`;
  for (const late of [Response.json({}), new Response("x".repeat(100_000)), new Response(null)]) {
    const gate = Promise.withResolvers<Response>();
    await using gateway = await testGateway({
      plugins: [{ source }],
      fetch: async () => (await gate.promise).clone(),
    });
    t.equal(await (await gateway.fetch("/")).text(), "TimeoutError");
    gate.resolve(late);
    // What nobody handles would end this program in one of these turns.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    t.equal((await gateway.fetch("/")).status, 503, "it goes on");
  }
});
