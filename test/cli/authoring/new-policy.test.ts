/** Node only: the compiler of TypeScript and its server are started as programs. */
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import t, { type Test } from "tap";
import { TypeServer } from "./type-server.ts";

const binary = resolve("core/cli/main.ts");
const compiler = resolve("node_modules/typescript/bin/tsc");

/** The folder of a new policy called hello, outside of this project, where nothing is installed. */
function newPolicy(t: Test, prepare: (plugins: string) => void = () => {}): string {
  const root = mkdtempSync(join(tmpdir(), "sluice-new-"));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const plugins = join(root, "plugins");
  mkdirSync(plugins);
  prepare(plugins);
  const { status, stderr } = spawnSync(process.execPath, [binary, "new", "policy", "hello"], {
    cwd: root,
    encoding: "utf8",
  });
  t.equal(status, 0, stderr);
  return plugins;
}

/** The lines of the compiler that name a problem. */
function compile(...args: string[]): readonly string[] {
  const { stdout } = spawnSync(process.execPath, [compiler, ...args], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => line.includes("error TS"));
}

const nodes = "export const home = process.env.HOME;\n";
const misused = `import { testGateway } from "sluice/testing";
export const answer = async () => (await (await testGateway({ plugins: [] })).fetch(1)).statusText2;
`;

t.test("an editor knows Node and sluice/testing in the tests of plugins, and not in plugins", async (t) => {
  const plugins = newPolicy(t);
  const [policy, test] = [join(plugins, "hello.ts"), join(plugins, "hello.test.ts")];
  const [ofNode, testOfNode] = [join(plugins, "node.ts"), join(plugins, "node.test.ts")];
  writeFileSync(ofNode, nodes);
  writeFileSync(testOfNode, nodes + misused);

  await using editor = new TypeServer();
  t.same(await editor.problems(test), []);
  t.same(await editor.problems(policy), []);
  t.match(await editor.problems(ofNode), [/^1:21 Cannot find name 'process'/]);
  t.match(await editor.problems(testOfNode), [/^3:.* not assignable/, /^3:.*'statusText2' does not exist/]);
  const lines = readFileSync(test, "utf8").split("\n");
  const line = lines.findIndex((text) => text.includes("gateway.fetch("));
  const shown = await editor.typeAt(test, line + 1, lines[line]!.indexOf("fetch(") + 1);
  t.match(shown, /^\(method\) TestGateway\.fetch\(.*\): Promise<Response>$/);
});

t.test("the compiler takes a new policy, and nothing of Node in one", async (t) => {
  const plugins = newPolicy(t);
  const config = join(plugins, "tsconfig.plugins.json");
  t.same(compile("-p", config), []);
  writeFileSync(join(plugins, "node.ts"), nodes);
  t.match(compile("-p", config), [/node\.ts\(1,21\): .*Cannot find name 'process'/]);
});

t.test("tests take the types of Node from beside them before those of Sluice", async (t) => {
  const config = (plugins: string) => readFileSync(join(plugins, "tsconfig.tests.json"), "utf8");
  t.match(config(newPolicy(t)), '"typeRoots"');
  const withTypes = newPolicy(t, (folder) => {
    const types = join(folder, "../node_modules/@types");
    mkdirSync(types, { recursive: true });
    symlinkSync(resolve("node_modules/@types/node"), join(types, "node"));
  });
  t.notMatch(config(withTypes), /typeRoots|npm install/);
});

t.test("what tells an editor the types is written where it is missing, and never again", async (t) => {
  const mine = newPolicy(t, (folder) => writeFileSync(join(folder, "tsconfig.json"), "{}"));
  t.same(readdirSync(mine).sort(), ["hello.test.ts", "hello.ts", "tsconfig.json"]);
  t.equal(readFileSync(join(mine, "tsconfig.json"), "utf8"), "{}");
  const partly = newPolicy(t, (folder) => writeFileSync(join(folder, "tsconfig.tests.json"), "{}"));
  t.equal(readFileSync(join(partly, "tsconfig.tests.json"), "utf8"), "{}");
  t.ok(readdirSync(partly).includes("tsconfig.json"));
});
