/** Where in its author's file a plugin used up its time. */
import t from "tap";
import { LoopSearch } from "../../core/policy/guest/loop-search.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";
import { engines } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const sandboxed = engines.filter((engine) => engine !== "inline");

/** Members of a plugin, the line of its loop, and the one that QuickJS tells at least: that of the function around it. */
const loops: Record<string, readonly [members: string, line: number, quickjs: number]> = {
  "a loop": ["onRequest() {\n for (;;);\n}", 3, 2],
  "a function": ["onRequest() {\n const spin = () => {\n while (true); };\n spin(); }", 4, 3],
  "an async handler": ["async onRequest() {\n for (;;);\n}", 3, 2],
  "a handler that has waited": ["async onRequest(_, { kv }) {\n await kv.get('k');\n for (;;);\n}", 4, 3],
  "a pattern": ["onRequest() {\n /^(a+)+$/.test('a'.repeat(40) + 'b');\n}", 3, 3],
  "a callback": ["onRequest() {\n [3, 1].sort(() => {\n for (;;); });\n}", 4, 3],
  "a chunk": ["onResponseBody() {\n for (;;);\n}", 3, 2],
  "a timer": ["onRequest() {\n setTimeout(() => {\n for (;;); }); return new Promise(() => {}); }", 4, 3],
  "work behind a response": [
    "onRequest(_, ctx) {\n const work = async () => {\n await null; for (;;); };\n ctx.waitUntil(work()); }",
    4,
    4,
  ],
  "the end of another function": [
    "async onRequest() {\n const f = async () => {\n for (;;); };\n await f().catch(() => { for (;;); }); }",
    4,
    2,
  ],
};

for (const engine of sandboxed) {
  for (const [what, [members, line, quickJsLine]] of Object.entries(loops)) {
    t.test(`the place is told of ${what}, on ${engine}`, async (t) => {
      const source = `export default { capabilities: { kv: true },\n${members} };`;
      const plugin = { source, name: "p", limits: { cpu: "50ms" } } as const;
      await using gateway = await testGateway({
        plugins: [plugin],
        engine,
        upstream: () => new Response("x"),
      });
      const response = gateway.fetch("/").then((found) => found.text());
      while (gateway.faults.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        gateway.clock.advance(1);
      }
      await response.catch(() => "broken off");
      const expected = engine === "quickjs" ? quickJsLine : line;
      t.match(gateway.faults, [{ plugin: "p", cause: "cpu", at: /^p\.(ts|js):\d+:\d+$/ }]);
      const told = Number(gateway.faults[0]!.at?.split(":")[1]);
      t.ok(told >= expected && told <= line, `line ${told}`);
    });
  }

  for (const [where, members] of [
    ["setup", "setup() {\n for (;;);\n }, onRequest() {}"],
    ["the top level", "onRequest() {} };\n for (;;);\nconst other = {"],
  ] as const) {
    t.test(`the place is told of a loop in ${where}, on ${engine}`, async (t) => {
      const source = `export default {\n${members} };`;
      const upstream = await startUpstream(t, () => ok());
      const settings = { p: { limits: { cpu: 50 } } };
      const started = startPolicyGateway(t, upstream.address, {
        plugins: { "p.ts": source },
        settings,
        engine,
      });
      const error = await started.then(
        () => null,
        (error) => error,
      );
      t.match(error, { message: /took more than/, position: { file: /p\.ts$/ } });
      if (engine === "isolated-vm") t.equal(error.position.line, 3);
    });
  }

  t.test(`in service, the place is told from the second time on, on ${engine}`, async (t) => {
    const upstream = await startUpstream(t, () => ok());
    const plugins = { "p.ts": "export default {\nonRequest() {\n for (;;)\n Math.random(); } };" };
    const settings = { p: { limits: { cpu: 50 } } };
    const gateway = await startPolicyGateway(t, upstream.address, { plugins, settings, engine });
    for (let time = 0; time < 2; time++) t.equal((await gateway.ask(get())).status, 500);
    const faults = gateway.log.entries.filter(({ level }) => level === "error");
    const place = engine === "isolated-vm" ? /p\.ts:[34]:\d+$/ : /p\.ts:[234]:\d+$/;
    // What costs nothing is to tell the handler.
    const first = engine === "isolated-vm" ? /p\.ts:2:1$/ : place;
    t.match(faults[0], { fields: { at: first, frame: /> [234] \|/ } });
    t.match(faults[1], { fields: { at: place, frame: /> [234] \|/ } });
    t.match(gateway.gateway.generation.policies.report()[0], { lastFault: { cause: "cpu", at: place } });
  });
}

const skip = !engines.includes("isolated-vm") && "isolated-vm is an addon of Node";

t.test("a guest that is watched this closely may take its time for each message", { skip }, async (t) => {
  const source = `export default { onRequest() {
    const end = performance.now() + 40;
    while (performance.now() < end);
    return new Response("fine");
  } };`;
  const plugin = { source, name: "p", limits: { cpu: "60ms" } } as const;
  await using gateway = await testGateway({ plugins: [plugin], engine: "isolated-vm" });
  const answers = Array.from({ length: 8 }, async () => (await gateway.fetch("/")).text());
  t.strictSame(
    new Set(await Promise.all(answers)),
    new Set(["fine"]),
    "eight messages take six times the limit together",
  );
});

t.test("places are looked for until a minute has passed without a loss of time", async (t) => {
  const search = new LoopSearch(0);
  t.notOk(search.isOn(1000));
  search.onLost("memory", 1000);
  t.notOk(search.isOn(1001));
  search.onLost("cpu", 2000);
  t.ok(search.isOn(61_999));
  t.notOk(search.isOn(62_000));
  t.ok(new LoopSearch(Number.POSITIVE_INFINITY).isOn(Number.MAX_SAFE_INTEGER));
});
