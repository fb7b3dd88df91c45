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
  t.match(lines[0]!.message, /^NotAllowedError: fetch failed: .*granted$/);
  t.notMatch(JSON.stringify(lines), hidden);
});
