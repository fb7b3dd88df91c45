/** What plugins log, as the operator reads it. */
import t, { type Test } from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { until } from "../net/until.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { type PluginLine, startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

/** The lines that a body of `onRequest(request, ctx)` makes; its text is line 3 of the author's file. */
async function linesOf(t: Test, engine: EngineName, body: string, count: number): Promise<PluginLine[]> {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const text = `const fail = (message: string, options?: ErrorOptions): Error => new Error(message, options);
export default { async onRequest(request, ctx) {
${body}
} };`;
  const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins: { "p.ts": text } });
  t.equal((await gateway.ask(get("/"))).status, 200);
  await until(() => gateway.lines.length >= count);
  t.equal(gateway.lines.length, count);
  return [...gateway.lines];
}

/** Engines name the same frames differently, and count columns otherwise. */
const frames = String.raw`    at fail \(plugins/p\.ts:1:\d+\)\n    at (Object\.)?onRequest \(plugins/p\.ts:3:\d+\)`;

const hidden = /sluice:|isolated-vm|file:|node:/;

onEachEngine("a logged stack is told in the author's lines, however it is logged", async (t, engine) => {
  const body = `const error = fail("x", { cause: fail("inner") }); console.error("late:", error, "end"); console.log(error.stack); console.log({ stack: error.stack }); console.trace("here"); ctx.log.error(error.stack); ctx.log.error("m", { stack: error.stack, list: [{ stack: error.stack }] });`;
  const lines = await linesOf(t, engine, body, 6);
  const [shown, stack, inside, trace, message, fields] = lines;
  t.match(
    shown!.message,
    new RegExp(`^late: Error: x\n${frames}\n\\[cause\\]: Error: inner\n${frames} end$`),
  );
  t.match(stack!.message, new RegExp(`${frames}\n?$`));
  t.match(inside!.message, new RegExp(`${frames.replaceAll("\\n", "\\\\n")}(\\\\n)?" }$`));
  t.match(trace!.message, /^Trace: here\n {4}at (Object\.)?onRequest \(plugins\/p\.ts:3:\d+\)$/);
  t.match(message!.message, new RegExp(`${frames}\n?$`));
  const told = new RegExp(`${frames}\n?$`);
  t.match(fields!.fields, { fields: { stack: told, list: [{ stack: told }] } });
  t.notMatch(JSON.stringify(lines), hidden);
});

onEachEngine("messages, URLs and ctx are shown by what they hold", async (t, engine) => {
  const body = `console.log(request, new URL(request.url).searchParams); console.log(Response.json(1)); console.log(ctx);`;
  const [message, response, context] = await linesOf(t, engine, body, 3);
  t.match(
    message!.message,
    /^Request { method: "GET", url: "http:.*", headers: Headers { host: .* } } URLSearchParams {}$/,
  );
  t.match(
    response!.message,
    /^Response { status: 200, headers: Headers { "content-type": "application\/json" } }$/,
  );
  t.match(
    context!.message,
    /^Context { requestId: "[^"]+", route: { name: .* }, client: { .* }, config: .* }$/,
  );
});

onEachEngine("what nobody waits for is logged with its stack", async (t, engine) => {
  const body = `const error = fail("behind"); ctx.waitUntil(Promise.reject(error)); setTimeout(() => { throw error; }, 1);`;
  const lines = await linesOf(t, engine, body, 2);
  for (const line of lines) {
    t.match(line, { level: "error", message: "Error: behind", fields: { at: /^plugins\/p\.ts:1:/ } });
    t.match((line.fields as { stack: string }).stack, new RegExp(`^Error: behind\n${frames}$`));
  }
  t.notMatch(JSON.stringify(lines), hidden);
});

onEachEngine("the stack of an error that the host made has no frames of the host", async (t, engine) => {
  const body = `await fetch("http://127.0.0.1:9/").catch((error) => { console.log(error); console.log("stack", error.stack); });`;
  const lines = await linesOf(t, engine, body, 2);
  // QuickJS knows no place for whom a promise calls back.
  const ours =
    /^NotAllowedError: fetch failed: .*granted(\n {4}at async (Object\.)?onRequest \(plugins\/p\.ts:3:\d+\))?$/;
  t.match(lines[0]!.message, ours);
  t.notMatch(JSON.stringify(lines), hidden);
});

const error = (name: string) =>
  new RegExp(`^${name}\n    at (Object\\.)?onRequest \\(plugins/p\\.ts:3:\\d+\\)$`);

/** Fields as a plugin writes them, and as they are logged. */
const awkward: readonly [what: string, fields: string, logged: unknown][] = [
  [
    "plain fields",
    '{ a: 1, b: [null, true, { c: "d" }], e: undefined }',
    { a: 1, b: [null, true, { c: "d" }] },
  ],
  [
    "what has a JSON form",
    "{ at: new Date(0), list: [undefined] }",
    { at: "1970-01-01T00:00:00.000Z", list: [null] },
  ],
  ["objects of a class", "{ it: new (class { x = 1; })() }", { it: { x: 1 } }],
  ["a bigint", "{ n: 1n, deep: [{ n: 2n }] }", { n: "1n", deep: [{ n: "2n" }] }],
  ["numbers that are none", "{ a: NaN, b: -Infinity, c: 1 }", { a: "NaN", b: "-Infinity", c: 1 }],
  ["a function and a symbol", '{ f() {}, s: Symbol("s") }', { f: "[Function: f]", s: "Symbol(s)" }],
  [
    "a Map and a Set",
    '{ m: new Map([["a", 1]]), s: new Set([1]) }',
    { m: 'Map(1) { "a" => 1 }', s: "Set(1) { 1 }" },
  ],
  ["Headers", '{ h: new Headers({ a: "1", "b-c": "2" }) }', { h: 'Headers { a: "1", "b-c": "2" }' }],
  ["bytes", "{ b: new Uint8Array([1, 2]) }", { b: "Uint8Array(2) [1, 2]" }],
  ["an error", '{ error: new Error("E"), a: 1 }', { error: error("Error: E"), a: 1 }],
  ["an error as fields", 'new TypeError("T")', { error: error("TypeError: T") }],
  ["a Map as fields", "new Map()", { value: "Map(0) {}" }],
  [
    "a cycle",
    "(() => { const o = { a: 1 }; o.self = o; return o; })()",
    { a: 1, self: "{ a: 1, self: [Circular] }" },
  ],
  ["a getter that throws", "{ get a() { throw 1; }, b: 2 }", { a: "[Getter]", b: 2 }],
  ["a deep getter that throws", "{ o: { get a() { throw 1; } }, b: 2 }", { o: "{ a: [Getter] }", b: 2 }],
  [
    "a toJSON that throws",
    "{ o: { toJSON() { throw 1; } }, b: 2 }",
    { o: "{ toJSON: [Function: toJSON] }", b: 2 },
  ],
  ["a toJSON that says nothing", "{ toJSON() {} }", { value: "" }],
  [
    "a proxy that throws",
    "new Proxy({}, { ownKeys() { throw 1; } })",
    { value: "[an object that cannot be shown]" },
  ],
  ["too much of them", '{ a: "x".repeat(1e6) }', { cut: /^\{"a":"x+ \.\.\.$/ }],
];

onEachEngine("a line is logged whatever its fields are, and the handler goes on", async (t, engine) => {
  const calls = awkward
    .map(([what, fields]) => `ctx.log.info(${JSON.stringify(what)}, ${fields});`)
    .join(" ");
  const lines = await linesOf(t, engine, calls, awkward.length);
  for (const [at, [what, , logged]] of awkward.entries()) {
    const { fields } = lines[at]!.fields as { fields: object };
    t.match(fields, logged as object, what);
    t.strictSame(Object.keys(fields), Object.keys(logged as object), what);
  }
});

onEachEngine("a line is logged whatever its message is", async (t, engine) => {
  const body = `ctx.log.info("x".repeat(1e6)); ctx.log.info({ toString() { throw 1; } }); ctx.log.info(Symbol("s")); ctx.log.error(new Error("E")); ctx.log.info(1);`;
  const [long, object, symbol, thrown, number] = await linesOf(t, engine, body, 5);
  t.match(long!.message, /^x+ \.\.\.$/);
  t.equal(object!.message, "{ toString: [Function: toString] }");
  t.equal(symbol!.message, "Symbol(s)");
  t.match(thrown!.message, error("Error: E"));
  t.equal(number!.message, "1");
});

interface Ids {
  readonly route?: string;
  readonly requestId?: string;
}

onEachEngine("lines of ctx.log have the route and the id of the request", async (t, engine) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const says = (name: string) => `
    async onRequest(request, ctx) { const { info } = ctx.log; info("${name}"); await null; ctx.log.info("${name}"); },
    onUpstream(attempt, ctx) { ctx.log.info("${name}"); },
    onResponseBody(chunk, ctx) { if (ctx.last) ctx.log.info("${name}"); },
    onLog(record, ctx) { ctx.log.info("${name}", { id: record.requestId, route: record.route }); }`;
  const plugins = { "a.ts": `export default {${says("a")} };`, "b.ts": `export default {${says("b")} };` };
  const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins });
  const asked = await Promise.all(["/1", "/2", "/3"].map((path) => gateway.ask(get(path))));
  t.same(
    asked.map(({ status }) => status),
    [200, 200, 200],
  );
  await until(() => gateway.lines.length === 30);
  const ids = new Set<string>();
  for (const { fields } of gateway.lines) {
    const { route, requestId, fields: record } = fields as Ids & { fields?: { id: string; route: string } };
    t.equal(route, "upstream");
    if (record !== undefined) t.same(record, { id: requestId, route });
    ids.add(requestId!);
  }
  t.equal(ids.size, 3);
});

onEachEngine(
  "a request that a policy gives another id is logged under the one that holds",
  async (t, engine) => {
    const upstream = await startUpstream(t, () => ok("upstream"));
    const says = `onResponse(response, ctx) { ctx.log.info("later " + ctx.requestId.length); }`;
    const plugins = {
      "a.ts": `export default { onRequest(request, ctx) { ctx.log.info("first"); }, ${says} };`,
      "b.ts": `export default { onRequest(request, ctx) { ctx.requestId = "mine"; ctx.log.info("mine"); }, ${says} };`,
      "c.ts": `export default { onRequest(request, ctx) { ctx.log.info("told"); }, ${says} };`,
    };
    const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins });
    t.equal((await gateway.ask(get("/"))).status, 200);
    await until(() => gateway.lines.length === 6);
    const found = gateway.lines.map(({ message, fields }) => [message, (fields as Ids).requestId === "mine"]);
    t.same(found, [
      ["first", false],
      // The proxy hears of it when the handler is done.
      ["mine", false],
      ["told", true],
      ["later 4", true],
      ["later 4", true],
      ["later 36", true],
    ]);
    for (const { fields } of gateway.lines) t.equal((fields as Ids).route, "upstream");
  },
);

onEachEngine("what is logged after the exchange, or for none, has no other one's id", async (t, engine) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const plugins = {
    "a.ts": `const first = { log: null };
export default {
  setup(config, host) { host.log.info("setup"); },
  async onRequest(request, ctx) {
    if (first.log === null) { first.log = ctx.log; return; }
    first.log.info("over");
    console.log("console");
    ctx.waitUntil(Promise.reject(new Error("at once")));
    await new Promise((resolve) => setTimeout(resolve, 5));
    ctx.log.info("now");
  },
};`,
  };
  const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins });
  for (const path of ["/1", "/2"]) t.equal((await gateway.ask(get(path))).status, 200);
  await until(() => gateway.lines.length === 5);
  const found = gateway.lines.map(({ message, fields }) => [
    message,
    (fields as Ids).requestId !== undefined,
  ]);
  t.same(Object.fromEntries(found), {
    setup: false,
    over: false,
    console: false,
    "Error: at once": true,
    now: true,
  });
});

onEachEngine("a fault is logged with the route and the id that the client is told", async (t, engine) => {
  const upstream = await startUpstream(t, () => ok("upstream"));
  const plugins = {
    "a.ts": `export default {
  onRequest(request) { if (request.url.endsWith("/request")) throw new Error("r"); },
  onLog(record) { if (record.path === "/log") throw new Error("l"); },
};`,
  };
  const gateway = await startPolicyGateway(t, upstream.address, { engine, plugins });
  const failed = await gateway.ask(get("/request"));
  t.equal(failed.status, 500);
  t.equal((await gateway.ask(get("/log"))).status, 200);
  const told = () => gateway.log.entries.filter(({ message }) => message === "Policy failed");
  await until(() => told().length === 2);
  const [request, log] = told().map(({ fields }) => fields);
  t.match(request, { phase: "onRequest", route: "upstream", requestId: JSON.parse(failed.body).requestId });
  t.match(log, { phase: "onLog", route: "upstream", requestId: (await gateway.record(2)).requestId });
});
