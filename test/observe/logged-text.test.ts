import t from "tap";
import { loggedText } from "../../core/observe/logged-text.ts";
import { createStackMapper } from "../../core/observe/stack-trace.ts";

const script = "sluice:plugin/tenant";
/** Line 2 of the bundle is line 1 of the author's. */
const map = JSON.stringify({ version: 3, sources: ["10-tenant.ts"], names: [], mappings: ";AAAA" });
const logged = loggedText(createStackMapper(map, { script, folder: "plugins" }), script);

const own = `    at f (${script}:2:9)`;
const ownMapped = "    at f (plugins/10-tenant.ts:1:1)";
const runtime = "    at Dispatcher.handle (sluice:runtime:20:3971)";
const host = "    at PluginGuest.run (file:///opt/sluice/core/policy/guest/plugin-guest.ts:189:31)";

const lines = (...all: string[]) => all.join("\n");

t.test("a trace is told in the author's files, without frames of runtime and host", async (t) => {
  t.equal(logged.text(lines("Error: x", own, runtime, host)), lines("Error: x", ownMapped));
  t.equal(logged.text(lines("Error: x", runtime, host)), "Error: x");
});

t.test("what stands before, between and behind traces stays", async (t) => {
  const text = (frame: string) =>
    lines(`late: Error: x`, `${frame} { code: 1 }`, "[cause]: Error: y", frame, "end");
  t.equal(logged.text(text(own)), text(ownMapped));
  t.equal(logged.text(lines("Error: x", own, `${runtime} after`)), lines("Error: x", `${ownMapped} after`));
});

t.test("frames of every form are found", async (t) => {
  const place = "plugins/10-tenant.ts:1:1";
  for (const [frame, mapped] of [
    [`at ${script}:2:9`, `at ${place}`],
    [`at async ${script}:2:9`, `at async ${place}`],
    [`at new Tenant [as make] (${script}:2:9)`, `at new Tenant [as make] (${place})`],
    [`at eval (eval at f (${script}:2:9), <anonymous>:1:1)`, `at eval (${place})`],
  ] as const) {
    t.equal(logged.text(`Error\n    ${frame}`), `Error\n    ${mapped}`);
    t.equal(
      logged.text(lines("Error", own, `    ${frame}`, runtime)),
      lines("Error", ownMapped, `    ${mapped}`),
    );
  }
  const native = "    at Array.map (<anonymous>)";
  t.equal(logged.text(lines("Error", own, native, own)), lines("Error", ownMapped, native, ownMapped));
});

t.test("a trace inside of quotes is told with its escapes", async (t) => {
  const text = (...frames: string[]) => `{ stack: "${["Error: x", ...frames].join("\\n")}", a: 1 }`;
  const bare = `    at ${script}:2:9`;
  t.equal(
    logged.text(text(bare, own, "    at Array.map (<anonymous>)", runtime)),
    text("    at plugins/10-tenant.ts:1:1", ownMapped, "    at Array.map (<anonymous>)"),
  );
});

t.test("a text without a frame of the plugin is itself, also a trace of another program", async (t) => {
  for (const text of [
    "at noon (UTC) we eat",
    "at (12:30)",
    lines("Error: far", "    at g (/srv/app.js:1:2)", host),
    "",
  ]) {
    t.equal(logged.text(text), text);
    t.equal(logged.text(lines("Error", own, text, "here")), lines("Error", ownMapped, text, "here"));
    t.equal(logged.text(lines(text, "here: Error", own)), lines(text, "here: Error", ownMapped));
  }
});

t.test("texts in fields are told at any depth, and fields without a trace are the same object", async (t) => {
  const plain = { a: 1, list: ["at f (x:1:2)", null, true] };
  t.equal(logged.fields(plain, JSON.stringify(plain)), plain);
  const fields = (stack: string) =>
    JSON.parse(JSON.stringify({ n: 1, error: [{ stack }], ["__proto__"]: stack }));
  const found = fields(lines("Error", own, runtime));
  t.strictSame(logged.fields(found, JSON.stringify(found)), fields(lines("Error", ownMapped)));
});

t.test("attack: a text of any shape is done with in time", async (t) => {
  const started = performance.now();
  for (const part of [
    "at (",
    "(",
    ")",
    "at x ",
    "at x:1:1 ",
    "at (()",
    "\n    at x (a",
    ":1:",
    "at (:1:1",
    `${script}:`,
    "\\n at ",
  ]) {
    logged.text(`${own}\n${part.repeat(16_384 / part.length)}${own}`);
  }
  const deep = JSON.parse(`${"[".repeat(4000)}"${script}:1:1"${"]".repeat(4000)}`);
  logged.fields(deep, JSON.stringify(deep));
  t.ok(performance.now() - started < 2000, `${performance.now() - started} ms`);
});
