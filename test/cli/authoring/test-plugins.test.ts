/** Started by Node, as an author would; tests of plugins run on Deno, and on Node from Deno. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";

t.setTimeout(120_000);

const binary = resolve("core/cli/main.ts");
const bin = resolve("node_modules/.bin");
const deno = join(bin, "deno");
const path = bin + delimiter + process.env["PATH"];

/** A folder outside of this project, where nothing is installed. */
function folder(t: Test, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

async function run(program: string, args: readonly string[], cwd: string, env: object = {}) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, PATH: path, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, err };
}

const sluice = (cwd: string, argv: readonly string[], env: object = {}) =>
  run(process.execPath, [binary, ...argv], cwd, env);

/** A test of a plugin that passes on the wanted runtime and says in which engine its plugin was. */
const telling = (isDeno: boolean) => `import assert from "node:assert/strict";
import { test } from "node:test";
import { testGateway } from "sluice/testing";
test("a plugin answers", async () => {
  assert.equal("Deno" in globalThis, ${isDeno});
  await using gateway = await testGateway({ plugins: [{ source: PLUGIN }] });
  console.log("engine:", process.env["SLUICE_TEST_ENGINE"] ?? "default", await (await gateway.fetch("/")).text());
});
const PLUGIN = \`export default { onRequest() { return new Response("it answers"); } };\`;
`;

t.test(
  "a new policy passes its own test on Deno, where nothing is installed, and leaves nothing",
  async (t) => {
    const cwd = folder(t);
    await sluice(cwd, ["new", "policy", "hello"]);
    const written = readdirSync(join(cwd, "plugins"));
    const { code, out, err } = await sluice(cwd, ["test", "--runtime", "deno"]);
    t.equal(code, 0, out + err);
    t.match(out, /2 passed \| 0 failed/);
    t.same(readdirSync(cwd), ["plugins"]);
    t.same(readdirSync(join(cwd, "plugins")), written);
  },
);

t.test("tests run on the runtime that is asked for, or else on that of Sluice", async (t) => {
  const onDeno = folder(t, { "a.test.ts": telling(true) });
  const onNode = folder(t, { "a.test.ts": telling(false) });
  const underDeno = (cwd: string, ...argv: string[]) =>
    run(deno, ["run", "--allow-all", binary, "test", ".", ...argv], cwd);
  for (const { code, out, err } of [
    await sluice(onDeno, ["test", ".", "--runtime", "deno"]),
    await sluice(onNode, ["test", ".", "--runtime", "node"]),
    await sluice(onNode, ["test", "."]),
    await underDeno(onDeno),
    await underDeno(onNode, "--runtime", "node"),
  ]) {
    t.equal(code, 0, out + err);
    t.match(out, "engine: default it answers");
  }
});

t.test("--engine all runs the engines that there are on Deno, one by one", async (t) => {
  const cwd = folder(t, { "a.test.ts": telling(true) });
  const { code, out, err } = await sluice(cwd, ["test", ".", "--runtime", "deno", "--engine", "all"]);
  t.equal(code, 0, out + err);
  t.same(out.match(/^On .*$/gm), ["On quickjs:", "On inline:"]);
  t.same(out.match(/engine: \S+/g), ["engine: quickjs", "engine: inline"]);
});

t.test("a test that fails on Deno is exit code 1, with its place", async (t) => {
  const cwd = folder(t, {
    "a.test.ts": `import { test } from "node:test";\ntest("no", () => { throw new Error("no"); });\n`,
  });
  const { code, out, err } = await sluice(cwd, ["test", ".", "--runtime", "deno"]);
  t.equal(code, 1);
  t.match(out + err, /a\.test\.ts:2/);
});

t.test("every file runs, and once, whose name is a pattern or an option to the runtime", async (t) => {
  const names = [
    "[id]/a.test.ts",
    "i/a.test.ts",
    "{b,c}/a.test.ts",
    "b/a.test.ts",
    "!(d)/a.test.ts",
    "@(e|f)*?/a.test.ts",
    "-x.test.ts",
    "--test-only.test.ts",
  ];
  const cwd = folder(
    t,
    Object.fromEntries(names.map((name) => [name, `console.log(${JSON.stringify(`ran ${name}`)});`])),
  );
  const expected = names.map((name) => `ran ${name}`).sort();
  for (const runtime of ["node", "deno"]) {
    const { code, out, err } = await sluice(cwd, ["test", ".", "--runtime", runtime]);
    t.equal(code, 0, out + err);
    t.same(out.match(/ran .*/g)?.sort(), expected, runtime);
  }
  const { out } = await sluice(cwd, ["test", "[id]/a.test.ts"]);
  t.same(out.match(/ran .*/g), ["ran [id]/a.test.ts"]);
});

t.test("a runtime that there is not, and an engine that it has not, are told", async (t) => {
  const cwd = folder(t, { "a.test.ts": telling(true) });
  const lacking = { PATH: folder(t) };
  for (const [argv, env, message] of [
    [["--runtime", "bun"], {}, 'Cannot use --runtime: expected node or deno, found "bun"'],
    [
      ["--runtime", "deno", "--engine", "isolated-vm"],
      {},
      'Cannot use --engine on deno: expected one of quickjs, inline, all, found "isolated-vm"',
    ],
    [["--runtime", "deno"], lacking, "Cannot test on deno: found no deno on PATH"],
  ] as const) {
    t.match(await sluice(cwd, ["test", ".", ...argv], env), { code: 2, err: message });
  }
});
