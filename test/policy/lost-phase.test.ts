/** What is told of the handler that a guest was in when it was lost. */
import t from "tap";
import { enteredPhase } from "../../core/policy/guest/entered-phase.ts";
import { aloneBatch } from "../../core/policy/guest/queue.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";
import type { MessagePart } from "../../sdk/runtime/message.ts";
import { engines } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const sandboxed = engines.filter((engine) => engine !== "inline");
const loops = [
  ["onRequest", "onRequest() { for (;;); }"],
  ["onRequest", "async onRequest(_, ctx) { await ctx.kv.get('k'); for (;;); }"],
  ["onRequestBody", "onRequestBody() { for (;;); }"],
  ["onUpstream", "onUpstream() { for (;;); }"],
  ["onResponse", "onResponse() { for (;;); }"],
  ["onResponseBody", "onResponseBody() { for (;;); }"],
] as const;

for (const engine of sandboxed) {
  for (const [phase, members] of loops) {
    t.test(`a loop is told with its phase: ${members}, on ${engine}`, async (t) => {
      const source = `export default { capabilities: { kv: true }, ${members} };`;
      const plugin = { source, name: "log", limits: { cpu: "50ms" } } as const;
      await using gateway = await testGateway({
        plugins: [plugin],
        engine,
        upstream: () => new Response("x"),
      });
      const response = gateway.fetch("/", { method: "POST", body: "x" });
      await response.then((found) => found.text()).catch(() => "broken off");
      t.match(gateway.faults, [{ plugin: "log", phase, cause: "cpu", at: /^log\.(ts|js):1:\d+$/ }]);
    });
  }

  t.test(`the line of a lost guest names plugin and phase, on ${engine}`, async (t) => {
    const upstream = await startUpstream(t, () => ok());
    const plugins = { "log.ts": "export default { onRequest() { for (;;); } };" };
    const settings = { log: { limits: { cpu: 50 } } };
    const gateway = await startPolicyGateway(t, upstream.address, { plugins, settings, engine });
    t.equal((await gateway.ask(get())).status, 500);
    const { message, fields } = gateway.log.entries.find(({ level }) => level === "error")!;
    t.equal(message, "Plugin log: its guest took more than 50 ms in onRequest");
    t.match(fields, { plugin: "log", phase: "onRequest", cause: "cpu" });
    t.match(gateway.gateway.generation.policies.report()[0], {
      lastFault: { phase: "onRequest", cause: "cpu" },
    });
  });
}

const batch = (...kinds: string[]) => {
  const parts = kinds.flatMap((kind): MessagePart[] => [kind, 0, "", ""]);
  return { parts, alone: null, bytes: undefined, calls: kinds.map(() => null), slots: kinds.map(() => 0) };
};

t.test(
  "the phase of several messages is that of the one that the guest was in, if that is known",
  async (t) => {
    t.equal(enteredPhase(batch("Q", "S", "Q"), 2), "onResponse");
    t.equal(enteredPhase(batch("Q", "S"), 2), null);
    t.equal(enteredPhase(batch("D", "S", "S"), 3), "onResponse");
    t.equal(enteredPhase(batch("D", "Q"), 1), null);
    t.equal(enteredPhase(batch("Q"), 0), "onRequest");
    t.equal(enteredPhase(batch("Q"), -7), "onRequest");
    t.equal(enteredPhase(batch("Q", "S"), 2 ** 31), null);
    t.equal(enteredPhase(aloneBatch("K\u0000", undefined, null, 0), 1), null);
    t.equal(enteredPhase(aloneBatch("q", undefined, null, 0), 1), "onRequestBody");
  },
);
