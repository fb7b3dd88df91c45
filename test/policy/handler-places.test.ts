/** A fault of which nothing closer is known is told at the handler that it happened in. */
import t from "tap";
import { handlerFrames } from "../../core/policy/handler-places.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";
import { engines, onEachEngine } from "../support/each-engine.ts";

t.teardown(stopBundler);

const upstream = () => new Response("x");

/** The second or third line of a plugin has the handler. */
const answers: readonly (readonly [what: string, source: string, message: RegExp, line: number])[] = [
  ["a method", "export default {\nonRequest() { return 5; } };", /^TypeError: /, 2],
  ["a property", "export default {\nonResponse: () => 5 };", /^TypeError: /, 2],
  [
    "a function",
    "async function onRequest() {\nreturn 5; }\nexport default { onRequest };",
    /^TypeError: /,
    1,
  ],
  [
    "a class",
    "class Guard {\n\nasync onRequest() { return 5; } }\nexport default new Guard();",
    /^TypeError: /,
    3,
  ],
  ["a body's", "export default {\nonRequest() {},\nonResponseBody() { return 5; } };", /^TypeError: /, 3],
];

for (const [what, source, message, line] of answers) {
  onEachEngine(`what a handler returns that is no answer has the place of ${what}`, async (t, engine) => {
    await using gateway = await testGateway({ plugins: [{ source, name: "p" }], engine, upstream });
    await gateway
      .fetch("/")
      .then((response) => response.text())
      .catch(() => "broken off");
    t.match(gateway.faults, [{ message, at: new RegExp(`^p\\.(ts|js):${line}:\\d+$`) }]);
  });
}

onEachEngine("a handler that waits for too long is told", async (t, engine) => {
  const source = "export default {\nonRequest: () => new Promise(() => {}) };";
  const slow = { source, name: "p", limits: { wall: "1s" } } as const;
  await using gateway = await testGateway({ plugins: [slow], engine });
  const response = gateway.fetch("/");
  while (gateway.faults.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    gateway.clock.advance(500);
  }
  t.equal((await response).status, 500);
  t.match(gateway.faults, [{ phase: "onRequest", at: /^p\.(ts|js):2:\d+$/ }]);
});

for (const engine of engines.filter((engine) => engine !== "inline")) {
  t.test(`a guest that ran out of memory is told at its handler, on ${engine}`, async (t) => {
    const source =
      'export default {\nonRequest() { for (let s = "ab", all = []; ; s += s) all.push(s + 1); } };';
    const full = { source, name: "p", limits: { memory: "16MiB", cpu: "100ms" } } as const;
    await using gateway = await testGateway({ plugins: [full], engine });
    t.equal((await gateway.fetch("/")).status, 500);
    t.match(gateway.faults, [{ phase: "onRequest", at: /^p\.(ts|js):2:\d+$/ }]);
  });
}

t.test("what a guest says of its texts leads nowhere else", async (t) => {
  const script = { name: "sluice:plugin/p", code: "a\n  b() {}\n" };
  const sources = { onRequest: "b() {}", onResponse: "c", onLog: 5, onUpstream: "", other: "a" };
  t.strictSame(
    [...handlerFrames(script, sources)],
    [["onRequest", "    at onRequest (sluice:plugin/p:2:3)"]],
  );
  t.strictSame([...handlerFrames(script, { setup: "a" })], [["setup", "    at setup (sluice:plugin/p:1:1)"]]);
});
