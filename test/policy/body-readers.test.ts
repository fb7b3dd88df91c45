/** Several policies read one body, and not all of them to its end: none of that changes what others get. */
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../core/testing/index.ts";
import { until } from "../net/until.ts";
import { onEachEngine } from "../support/each-engine.ts";

t.teardown(stopBundler);
t.setTimeout(120_000);

type Plugin = { name: string; source: string } & Record<string, unknown>;

const policy = (name: string, members: string, more: object = {}): Plugin => ({
  name,
  source: `const wait = (ms) => new Promise((done) => setTimeout(done, ms)); export default { ${members} };`,
  ...more,
});

/** Does not wait for what it reads. */
const audit = (phase: string, before = "") =>
  policy(
    "audit",
    `${phase}(message, ctx) {
      ${before}
      ctx.waitUntil(message.text().then((text) => console.log("read " + text), (error) => console.log(error.name)));
    }`,
  );
/** Lets time pass in which others read. */
const slow = (phase: string) => policy("slow", `async ${phase}() { await wait(700); }`);
const hasty = { onFailure: "open", limits: { wall: "150ms" } };
const limited = "message.limitBody(1e6);";

/** In two parts with time between them. */
function parted(first: string, second: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(encoder.encode(first));
      await sleep(300);
      controller.enqueue(encoder.encode(second));
      controller.close();
    },
  });
}

const streams = (pull: string) =>
  policy("streams", `onRequest() { let n = 0; return new Response(new ReadableStream({ ${pull} })); }`);
const slowly = (times: number) =>
  streams(
    `async pull(c) { await wait(100); if (n++ < ${times}) c.enqueue("part" + n + ";"); else c.close(); }`,
  );
const breaking = streams(
  `pull(c) { if (n++ < 2) c.enqueue("part" + n + ";"); else c.error(new Error("boom")); }`,
);

/** A client that hears no more after a while counts as one that waits for ever. */
async function ask(gateway: Awaited<ReturnType<typeof testGateway>>, init?: object) {
  const asking = gateway.fetch("/", init as never).then(async (response) => ({
    status: response.status,
    body: await response.text().catch(() => "broken off"),
  }));
  return await Promise.race([asking, sleep(5000, { status: 0, body: "nothing more came" })]);
}

const startWith = (options: Pick<TestGatewayOptions, "engine" | "upstream"> & { plugins: Plugin[] }) =>
  testGateway(options as TestGatewayOptions);
const post = (first: string, second: string) => ({
  method: "POST",
  body: parted(first, second),
  duplex: "half",
});
const logged = (gateway: { log: readonly { message: string }[] }) =>
  gateway.log.map(({ message }) => message);

for (const [how, reader] of [
  ["that nobody waits for", audit("onResponse", limited)],
  [
    "whose time is over",
    policy("late", `async onResponse(message) { ${limited} await message.text(); }`, hasty),
  ],
] as const) {
  onEachEngine(`a read ${how} does not undo what replaces the endpoint's response`, async (t, engine) => {
    const masks = policy("masks", `onResponse() { return new Response("masked", { status: 403 }); }`);
    await using gateway = await startWith({
      plugins: [slow("onResponse"), masks, reader],
      engine,
      upstream: () => new Response(parted("secret 1;", "secret 2;")),
    });
    t.same(await ask(gateway), { status: 403, body: "masked" });
  });

  onEachEngine(`a read ${how} does not undo what replaces a policy's stream`, async (t, engine) => {
    const masks = policy("masks", `onResponse() { return new Response("masked", { status: 403 }); }`);
    await using gateway = await startWith({
      plugins: [slow("onResponse"), masks, reader, slowly(3)],
      engine,
    });
    t.same(await ask(gateway), { status: 403, body: "masked" });
  });
}

onEachEngine("a read that nobody waits for does not undo setBody", async (t, engine) => {
  for (const phase of ["onRequest", "onResponse"]) {
    const cleans = policy("cleans", `${phase}(message) { message.setBody("clean"); }`);
    const plugins = [audit(phase, limited), cleans, slow(phase)];
    await using gateway = await startWith({
      plugins: phase === "onRequest" ? plugins : plugins.reverse(),
      engine,
      upstream: async (request) => new Response(parted(await request.text(), "")),
    });
    t.equal((await ask(gateway, post("dirty 1;", "dirty 2;"))).body, "clean");
  }
});

onEachEngine(
  "what replaces a body is what is read of it, and who began before reads the old one",
  async (t, engine) => {
    const cleans = policy("cleans", `onRequest(message) { message.setBody("clean"); }`);
    const reads = policy("reads", `async onRequest(message) { console.log("now " + await message.text()); }`);
    await using gateway = await startWith({
      plugins: [audit("onRequest"), cleans, reads, slow("onRequest")],
      engine,
      upstream: async (request) => new Response(await request.text()),
    });
    t.equal((await ask(gateway, post("dirty 1;", "dirty 2;"))).body, "clean");
    t.same(logged(gateway), ["now clean", "read dirty 1;dirty 2;"]);
  },
);

const catching = `async onResponse(response) { try { await response.text(); } catch {} }`;

onEachEngine("a stream that breaks while another policy reads it is a failure", async (t, engine) => {
  for (const reader of [
    policy("reader", catching),
    policy("reader", `async onResponse(response) { await response.text(); }`, { onFailure: "open" }),
  ]) {
    await using gateway = await startWith({ plugins: [reader, breaking], engine });
    t.equal((await ask(gateway)).status, 500);
    t.match(gateway.records, [{ status: 500, error: "plugin_failed" }]);
  }
});

onEachEngine("who reads a stream that breaks may answer with something else", async (t, engine) => {
  const reader = policy(
    "reader",
    `async onResponse(response) { try { await response.text(); } catch (error) { return new Response(error.message); } }`,
  );
  await using gateway = await startWith({ plugins: [reader, breaking], engine });
  t.same(await ask(gateway), {
    status: 200,
    body: "Cannot read the body: the stream that policy streams answers with failed",
  });
});

onEachEngine("a stream that is longer than another policy may read is 502", async (t, engine) => {
  const long = streams(`pull(c) { if (n++ < 40) c.enqueue("0123".repeat(1000)); else c.close(); }`);
  const reader = policy("reader", catching, { limits: { body: "16KiB" } });
  await using gateway = await startWith({ plugins: [reader, long], engine });
  t.equal((await ask(gateway)).status, 502);
  t.match(gateway.records, [{ status: 502, error: "response_too_large" }]);
});

onEachEngine("what was read of a stream is not lost to those behind", async (t, engine) => {
  const late = policy("late", `async onResponse(response) { await response.text(); }`, hasty);
  const whole = "part1;part2;part3;part4;";
  for (const reader of [late, audit("onResponse")]) {
    await using gateway = await startWith({ plugins: [reader, slowly(4)], engine });
    t.same(await ask(gateway), { status: 200, body: whole });
    const reads = policy(
      "reads",
      `async onResponse(response) { console.log("all " + await response.text()); }`,
    );
    await using longer = await startWith({ plugins: [reads, reader, slowly(4)], engine });
    t.same(await ask(longer), { status: 200, body: whole });
    t.ok(logged(longer).includes(`all ${whole}`));
  }
});

onEachEngine("all who wait for one body get it", async (t, engine) => {
  for (const phase of ["onRequest", "onResponse"]) {
    const reads = policy("reads", `async ${phase}(message) { console.log("all " + await message.text()); }`);
    const plugins = [audit(phase), reads, slow(phase)];
    await using gateway = await startWith({
      plugins: phase === "onRequest" ? plugins : plugins.reverse(),
      engine,
      upstream: async (request) => {
        await request.text();
        return new Response(parted("one;", "two;"));
      },
    });
    t.same(await ask(gateway, post("one;", "two;")), { status: 200, body: "one;two;" });
    t.same(logged(gateway).sort(), ["all one;two;", "read one;two;"]);
  }
});

onEachEngine("the limit of a policy that is skipped does not end the exchange", async (t, engine) => {
  const little = { onFailure: "open", limits: { body: 6 } };
  const reads = (phase: string) =>
    policy(
      "little",
      `${phase}(message, ctx) {
        ctx.waitUntil(message.text().catch((error) => console.log(error.message)));
        throw new Error("skipped");
      }`,
      little,
    );
  for (const phase of ["onRequest", "onResponse"]) {
    const plugins = [reads(phase), policy("reads", `async ${phase}(message) { await message.text(); }`)];
    await using gateway = await startWith({
      plugins: phase === "onRequest" ? plugins : plugins.reverse(),
      engine,
      upstream: async (request) => {
        await request.text();
        return new Response(parted("1234", "5678"));
      },
    });
    t.same(await ask(gateway, post("1234", "5678")), { status: 200, body: "12345678" }, phase);
    t.same(logged(gateway), ["Cannot read the body: the policy failed before it was there"]);
  }
});

onEachEngine("a policy's time is its own where another one waits for the client", async (t, engine) => {
  const late = policy("late", `async onRequest() { await wait(400); }`, hasty);
  await using gateway = await startWith({
    plugins: [audit("onRequest"), late],
    engine,
    upstream: async (request) => new Response(await request.text()),
  });
  t.same(await ask(gateway, post("one;", "two;")), { status: 200, body: "one;two;" });
});

onEachEngine("a client that leaves ends the reads of a policy's stream", async (t, engine) => {
  const endless = streams(`async pull(c) { await wait(50); c.enqueue("x"); }`);
  await using gateway = await startWith({
    plugins: [slow("onResponse"), audit("onResponse"), endless],
    engine,
  });
  await t.rejects(gateway.fetch("/", { signal: AbortSignal.timeout(200) }));
  await until(() => gateway.log.length > 0);
  t.same(logged(gateway), ["AbortError"]);
});
