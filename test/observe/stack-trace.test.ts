import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";
import { build, stop } from "esbuild";
import { getQuickJS } from "quickjs-emscripten";
import t from "tap";
import { createStackMapper } from "../../core/observe/stack-trace.ts";

const script = "sluice:plugin/tenant";
const options = { script, folder: "plugins" };

const author = `import { pick } from "package";
interface Unused { a: 1 }
function fail(message: string): never {
  throw new TypeError(message);
}
export function onRequest() { const x: Unused = { a: 1 };
	if (x) fail("no tenant");
}
export const viaEval = () => eval("fail('by eval')");
export const viaPackage = () => pick(() => fail("inside"));
export const inPackage = () => pick(null);
export class Late { static async run() { await null; fail("later"); } }
`;
const packaged = "export function pick(read) {\n  return [1].map(() => read());\n}\n";

const { code, map } = await bundle();

async function bundle(): Promise<{ code: string; map: string }> {
  const folder = t.testdir({ "10-tenant.ts": author, node_modules: {} });
  mkdirSync(join(folder, "node_modules/package"));
  writeFileSync(join(folder, "node_modules/package/index.js"), packaged);
  const { outputFiles } = await build({
    entryPoints: [join(folder, "10-tenant.ts")],
    absWorkingDir: folder,
    outfile: join(folder, "out.js"),
    bundle: true,
    write: false,
    sourcemap: "external",
    format: "iife",
    globalName: "$plugin",
    logLevel: "silent",
  });
  await stop();
  const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))!.text;
  // What fails there is fail(), also for a direct eval: its name must survive.
  return {
    code: `(() => {\n${text(".js")}\nreturn $plugin; })()`,
    map: `${text(".map").replace('"mappings": "', '"mappings": ";')}`,
  };
}

/** The stack of what an expression throws in V8, which both Node and Deno are. */
function stackInV8(expression: string): string {
  return vm.runInNewContext(
    `const $ = ${code}; try { ${expression} } catch (error) { error.stack }`,
    {},
    script,
  );
}

async function stackInQuickJs(expression: string): Promise<string> {
  const context = (await getQuickJS()).newContext();
  try {
    const text = `const $ = ${code}; let stack; try { ${expression} } catch (error) { stack = error.name + ": " + error.message + "\\n" + error.stack } stack`;
    return context.getString(context.unwrapResult(context.evalCode(text, script)));
  } finally {
    context.dispose();
  }
}

const mapStack = createStackMapper(map, options);

t.test("a stack of V8 is told in the author's files, lines and columns", async (t) => {
  const { text, top } = mapStack(stackInV8("$.onRequest()"));
  t.equal(
    text,
    [
      "TypeError: no tenant",
      "    at fail (plugins/10-tenant.ts:4:9)",
      "    at Object.onRequest (plugins/10-tenant.ts:7:9)",
    ].join("\n"),
  );
  t.same(top, { file: "plugins/10-tenant.ts", line: 4, column: 9, source: author });
});

t.test("a stack of QuickJS is told in the author's files and lines", async (t) => {
  const { text, top } = mapStack(await stackInQuickJs("$.onRequest()"));
  t.match(text, /^TypeError: no tenant\n {4}at fail \(plugins\/10-tenant\.ts:4:\d+\)\n/);
  t.match(text, /\n {4}at onRequest \(plugins\/10-tenant\.ts:7:\d+\)$/);
  t.match(top, { file: "plugins/10-tenant.ts", line: 4 });
});

t.test("a frame of eval is told by the place that called eval", async (t) => {
  const { text } = mapStack(stackInV8("$.viaEval()"));
  t.match(text, /\n {4}at eval \(plugins\/10-tenant\.ts:9:30\)\n/);
  t.notMatch(text, "<anonymous>:1");
});

t.test("packages are in the stack, and the place is the author's own where there is one", async (t) => {
  const called = mapStack(stackInV8("$.inPackage()"));
  t.match(called.text, "at pick (plugins/node_modules/package/index.js:2:14)");
  t.match(called.text, "at Array.map (<anonymous>)");
  t.match(called.top, { file: "plugins/10-tenant.ts", line: 11 });
  t.match(mapStack(stackInV8("$.viaPackage()")).top, { file: "plugins/10-tenant.ts", line: 4 });
  const only = called.text.split("\n").length;
  t.ok(only > 2);
});

t.test("frames of the runtime and of the host are left out, with their paths", async (t) => {
  const [message, frame] = stackInV8("$.onRequest()").split("\n");
  const stack = [
    message,
    frame,
    "    at dispatch (sluice:runtime:3:4)",
    "    at sluice:runtime:3:4",
    "    at (<isolated-vm boundary>)",
    "    at Guest.dispatch (/opt/sluice/core/sandbox/guest.ts:10:20)",
    "    at file:///opt/sluice/core/sandbox/guest.ts:10:20",
    "    at async node:internal/process/task_queues:104:5",
    "    at other (sluice:plugin/tenant2:4:9)",
    "    at other (sluice:plugin/tenant:4)",
    "    at <eval> (<input>:1:1)",
    "/opt/sluice/core/sandbox/guest.ts:10",
  ].join("\n");
  t.equal(mapStack(stack).text, "TypeError: no tenant\n    at fail (plugins/10-tenant.ts:4:9)");
});

t.test("a message of many lines stays, and one without a stack is itself", async (t) => {
  t.same(mapStack("Error: one\n  two\nthree"), { text: "Error: one\n  two\nthree", top: null });
  t.same(mapStack(""), { text: "", top: null });
});

t.test("positions that the bundle does not have are left out", async (t) => {
  for (const place of ["0:0", "1:1", "999999:1", "1:999999999", "9999999999:1", "-1:5", "x:y"]) {
    t.equal(mapStack(`Error\n    at f (${script}:${place})`).text, "Error", place);
  }
});

t.test("attack: a stack of any length, shape or content is bounded and harmless", async (t) => {
  const frame = stackInV8("$.onRequest()").split("\n")[1]!;
  t.equal(mapStack(`Error\n${`${frame}\n`.repeat(10_000)}`).text.split("\n").length, 51);
  t.ok(mapStack("x".repeat(1 << 24)).text.length <= 65_536);
  t.equal(
    mapStack("Error: \u001b[2J\u009b1m\u202e\r\u0000").text,
    "Error: \ufffd[2J\ufffd1m\ufffd\ufffd\ufffd",
  );
  const started = performance.now();
  for (const part of ["at (", "(", ")", `${script}:`, "eval at (", " ", "at \n", "[as ", "1:"]) {
    mapStack(`Error\n    at ${part.repeat(60_000 / part.length)}`);
    mapStack(`${"    at "}${part.repeat(60_000 / part.length)} (<anonymous>)`);
  }
  t.ok(performance.now() - started < 2000);
});

t.test("a file outside of the folder keeps its way, and an absolute one is itself", async (t) => {
  const named = (source: string, folder?: string) => {
    const sourceMap = JSON.stringify({ version: 3, sources: [source], names: [], mappings: "AAAA" });
    const mapper = createStackMapper(sourceMap, folder === undefined ? { script } : { script, folder });
    return mapper(`Error\n    at f (${script}:1:1)`).top;
  };
  t.same(named("../lib/x.ts", "plugins"), { file: "lib/x.ts", line: 1, column: 1, source: null });
  t.match(named("/srv/x.ts", "plugins"), { file: "/srv/x.ts" });
  t.match(named("x.ts"), { file: "x.ts" });
});
