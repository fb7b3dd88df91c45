/** Handlers that go on when their exchange is over, or beside another one of it: each hears and says what is its own. */
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";
import { until } from "../net/until.ts";
import { engines, onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import { type PolicyGateway, startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

const post = (path: string, body: string) =>
  `POST /${path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
/** Those that end a loop. */
const limited = engines.filter((engine) => engine !== "inline");
const later = "const later = (ms) => new Promise((done) => setTimeout(done, ms));";
const plugin = (members: string) => ({ "p.ts": `${later} export default { ${members} };` });
const messages = ({ lines }: PolicyGateway) => lines.map(({ message }) => message);
/** Whether its guest knows no exchange. */
const isIdle = ({ gateway }: PolicyGateway) =>
  gateway.generation.policies["plugins"].every((each) => each.isIdle);
const reportOf = ({ gateway }: PolicyGateway) => gateway.generation.policies.report()[0]!;

onEachEngine("a handler whose client has left gets nothing of the next one", async (t, engine) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    engine,
    plugins: plugin(`
      capabilities: { cache: true },
      async onRequest(request, ctx) {
        if (request.url.endsWith("/second")) return later(300);
        await later(150);
        for (const act of [() => request.limitBody(1), () => request.arrivedText(), () => request.text(), () => ctx.refresh()])
          console.log(await Promise.resolve().then(act).catch((error) => error.name));
        ctx.keepGoing();
      }`),
  });
  const first = await gateway.connect();
  first.write(post("first", "of the first"));
  await sleep(50);
  first.socket.destroy();
  await sleep(20);
  const second = await gateway.connect();
  second.write(post("second", "SECRET"));
  t.equal((await readMessage(second)).status, 200);
  t.strictSame(messages(gateway), new Array(4).fill("InvalidStateError"));
});

onEachEngine("work behind an exchange that ended well gets nothing of the next one", async (t, engine) => {
  const upstream = await startUpstream(t, ({ startLine }) =>
    ok(startLine.includes("/second") ? "SECRET" : "first"),
  );
  const gateway = await startPolicyGateway(t, upstream.address, {
    engine,
    plugins: plugin(`
      async onResponse(response, ctx) {
        if (response.url.endsWith("/second")) return later(200);
        const read = later(50).then(() => response.text());
        ctx.waitUntil(read.then((text) => console.log(text), (error) => console.log(error.name)));
      }`),
  });
  t.equal((await gateway.ask(get("/first"))).status, 200);
  t.equal((await gateway.ask(get("/second"))).body, "SECRET");
  t.strictSame(messages(gateway), ["InvalidStateError"]);
});

for (const engine of limited)
  t.test(
    `what waits for a guest that is made anew is not asked for a client that left, on ${engine}`,
    async (t) => {
      const upstream = await startUpstream(t, () => ok("upstream"));
      const gateway = await startPolicyGateway(t, upstream.address, {
        engine,
        plugins: plugin(`
      setup: () => later(300),
      onRequest(request) {
        if (request.url.endsWith("/loop")) for (;;);
        console.log(new URL(request.url).pathname + request.arrivedText());
      },
      onResponse() {}`),
        settings: { p: { limits: { cpu: 300 } } },
      });
      t.equal((await gateway.ask(get("/loop"))).status, 500);
      const first = await gateway.connect();
      first.write(post("first", "of the first"));
      await sleep(50);
      first.socket.destroy();
      await sleep(20);
      t.equal((await gateway.ask(post("second", "SECRET"))).status, 200);
      t.strictSame(messages(gateway), ["/secondSECRET"]);
    },
  );

onEachEngine("handlers for the attempt and for the body may be under way at once", async (t, engine) => {
  const upstream = await startUpstream(t, ({ body }) => ok(body));
  const gateway = await startPolicyGateway(t, upstream.address, {
    engine,
    plugins: plugin(
      "onUpstream: () => later(100), async onRequestBody(part) { await later(60); return part; }",
    ),
  });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nabc");
  await sleep(50);
  client.write("def");
  t.match(await readMessage(client), { status: 200, body: "abcdef" });
});

onEachEngine("onLog is not given what another handler comes to", async (t, engine) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    engine,
    plugins: plugin(`
      async onRequest(request, ctx) {
        await new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
      },
      async onLog() {
        await later(50);
        throw new Error("of onLog");
      }`),
  });
  const client = await gateway.connect();
  client.write(get("/"));
  await sleep(50);
  client.socket.destroy();
  await until(() => reportOf(gateway).lastFault !== null);
  t.match(reportOf(gateway).lastFault, { phase: "onLog", message: /of onLog/ });
  t.strictSame(Object.values(reportOf(gateway).faults), [1], "that of onRequest is nobody's any more");
});

onEachEngine("a stream that is cancelled does not end the next one", async (t, engine) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    engine,
    plugins: plugin(`
      onRequest(request) {
        const isEndless = request.url.endsWith("/endless");
        let parts = 0;
        const pull = async (controller) => {
          parts++;
          if (isEndless && parts > 1) await new Promise(() => {});
          if (parts <= 3) controller.enqueue(new TextEncoder().encode("part"));
          else controller.close();
        };
        return new Response(new ReadableStream({ pull }));
      }`),
  });
  // By then the guest gets several messages at once.
  const warm = await gateway.connect();
  for (let i = 0; i < 60; i++) {
    warm.write(get("/"));
    await readMessage(warm);
  }
  for (let i = 0; i < 5; i++) {
    const next = await gateway.connect();
    const endless = await gateway.connect();
    endless.write(get("/endless"));
    await endless.take("part");
    await sleep(20);
    next.write(get("/"));
    endless.socket.destroy();
    t.match(await readMessage(next), { status: 200, body: "partpartpart" });
  }
});

/** A body whose parts come some ms one after the other, for as long as somebody reads it. */
const trickle = (parts: readonly string[]) =>
  ReadableStream.from(
    (async function* () {
      for (const part of parts) {
        yield Buffer.from(part);
        await sleep(5);
      }
    })(),
  );

onEachEngine("the parts of an upload undo no end of the response's body", async (t, engine) => {
  await using gateway = await testGateway({
    engine,
    plugins: [
      {
        name: "p",
        source: `
          let heard = () => {};
          export default {
            onRequestBody() { heard(); },
            async onResponseBody(chunk, ctx) {
              if (!new TextDecoder().decode(chunk).includes("secret")) return;
              ctx.end();
              await new Promise((done) => { heard = done; });
              return "[cut]";
            },
          };`,
      },
    ],
    upstream: (request) => {
      request.text().catch(() => {});
      return new Response(trickle(["open ", "secret ", "secret again"]));
    },
  });
  const body = trickle(new Array(400).fill("x"));
  const response = await gateway.fetch("/", { method: "POST", body });
  t.equal(await response.text(), "open [cut]");
});

onEachEngine("the bodies of an exchange end each by itself", async (t, engine) => {
  const got = Promise.withResolvers<string>();
  await using gateway = await testGateway({
    engine,
    plugins: [
      {
        name: "p",
        source: `
          let heard = () => {};
          let answered = false;
          export default {
            async onRequestBody(chunk, ctx) {
              if (answered) return;
              await new Promise((done) => { heard = done; });
              if (ctx.last) return "<last>";
              ctx.end();
              await new Promise((done) => { heard = done; });
              return "<cut>";
            },
            onResponseBody(chunk, ctx) {
              heard();
              answered = ctx.last;
              if (ctx.last) return "<whole>";
            },
          };`,
      },
    ],
    upstream: (request) => {
      got.resolve(request.text());
      return new Response(trickle(new Array(40).fill("a")));
    },
  });
  const response = await gateway.fetch("/", { method: "POST", body: trickle(["one", "two", "three"]) });
  t.equal(await response.text(), `${"a".repeat(40)}<whole>`);
  t.equal(await got.promise, "<cut>");
});

onEachEngine("the end of an exchange is told behind messages that take long", async (t, engine) => {
  let answers: (() => void)[] | null = null;
  const upstream = await startUpstream(t, async () => {
    if (answers !== null) await new Promise<void>((answer) => answers!.push(answer));
    return ok("upstream");
  });
  const gateway = await startPolicyGateway(t, upstream.address, {
    engine,
    plugins: plugin(`
      async onRequest(request, ctx) {
        if (!request.url.endsWith("/wait")) return;
        ctx.signal.addEventListener("abort", () => console.log("aborted"));
        console.log("waiting");
        await new Promise(() => {});
      },
      onResponse(response) {
        const end = Date.now() + (response.url.endsWith("/slow") ? 5 : 0);
        while (Date.now() < end);
      }`),
  });
  const clients = await Promise.all(Array.from({ length: 32 }, () => gateway.connect()));
  const readAll = (some: typeof clients) => Promise.all(some.map((client) => readMessage(client)));
  // By then the guest gets several messages at once.
  for (let round = 0; round < 80; round++) {
    for (const client of clients) client.write(get("/"));
    await readAll(clients);
  }
  const slow = clients.slice(0, 8);
  for (let round = 1; round <= 5; round++) {
    answers = [];
    for (const client of slow) client.write(get("/slow"));
    const waiting = await Promise.all(Array.from({ length: 4 }, () => gateway.connect()));
    for (const client of waiting) client.write(get("/wait"));
    const lines = (round - 1) * 2 * waiting.length;
    await until(() => answers!.length === slow.length && gateway.lines.length === lines + waiting.length);
    // The answers and the ends are to arrive at once.
    for (const answer of answers) answer();
    for (let i = 0; i < 4; i++) await Promise.resolve();
    for (const client of waiting) client.socket.destroy();
    await readAll(slow);
    await until(() => gateway.lines.length === lines + 2 * waiting.length);
  }
  await until(() => isIdle(gateway));
});

for (const engine of limited)
  t.test(`nothing is held of requests while a plugin is out of service, on ${engine}`, async (t) => {
    const upstream = await startUpstream(t, () => ok("upstream"));
    const gateway = await startPolicyGateway(t, upstream.address, {
      engine,
      plugins: plugin('onRequest(request) { if (request.url.endsWith("/loop")) for (;;); }, onResponse() {}'),
      settings: { p: { limits: { cpu: 300 } } },
    });
    for (let i = 0; i < 5; i++) await gateway.ask(get("/loop"));
    for (let i = 0; i < 20; i++) t.equal((await gateway.ask(get("/"))).status, 503);
    t.ok(isIdle(gateway));
  });

for (const engine of limited)
  t.test(
    `nothing is held of a client that leaves while a guest is made anew in vain, on ${engine}`,
    async (t) => {
      const upstream = await startUpstream(t, () => ok("upstream"));
      const gateway = await startPolicyGateway(t, upstream.address, {
        engine,
        plugins: plugin(`
        capabilities: { kv: true },
        async setup(config, { kv }) {
          if ((await kv.increment("guests", 1)) !== 2) return;
          await later(300);
          throw new Error("not now");
        },
        onRequest(request) { if (request.url.endsWith("/loop")) for (;;); }, onResponse() {}`),
        settings: { p: { limits: { cpu: 300 } } },
      });
      t.equal((await gateway.ask(get("/loop"))).status, 500);
      const leaves = await gateway.connect();
      leaves.write(get("/"));
      const waits = gateway.ask(get("/"));
      await sleep(50);
      leaves.socket.destroy();
      t.equal((await waits).status, 500);
      t.equal((await gateway.ask(get("/"))).status, 200);
      await until(() => isIdle(gateway));
    },
  );

t.test("a setup that hangs when a guest is made anew holds nobody up for longer than a phase", async (t) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugin(`
      config: { type: "object", properties: { until: { type: "number" } } },
      async setup({ until }) { if (Date.now() > until) await new Promise(() => {}); },
      onRequest(request) { if (request.url.endsWith("/loop")) for (;;); }`),
    settings: { p: { limits: { cpu: 300, wall: 300 }, config: { until: Date.now() + 3000 } } },
  });
  t.equal((await gateway.ask(get("/"))).status, 200);
  await sleep(3000);
  t.equal((await gateway.ask(get("/loop"))).status, 500);
  const began = performance.now();
  t.equal((await gateway.ask(get("/"))).status, 500);
  t.ok(performance.now() - began < 3000, "it is told after the wall time");
  // A setup has 5 s: the second one that fails is the last.
  await until(() => reportOf(gateway).state === "quarantined");
  t.equal((await gateway.ask(get("/"))).status, 503);
});
