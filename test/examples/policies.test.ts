import { globSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import t, { type Test } from "tap";
import { startProgram } from "../support/program.ts";

t.setTimeout(180_000);

const bin = resolve("node_modules/.bin");
const tests = globSync("examples/policies/*.test.ts");
const count = tests
  .flatMap((file) => readFileSync(file, "utf8").split("\n"))
  .filter((line) => line.startsWith("test(")).length;

/** Runs a program to its end, which must be a good one, and gives what it said. */
async function outputOf(t: Test, command: string, args: string[], engine = ""): Promise<string> {
  const PATH = bin + delimiter + process.env["PATH"];
  const env = { PATH, SLUICE_TEST_ENGINE: engine, NO_COLOR: "1" };
  await using program = startProgram(command, args, { env });
  const code = await program.ended;
  if (!t.equal(code, 0)) t.comment(program.output);
  return program.output;
}

t.test("every policy has a test and a line in the list", async (t) => {
  const list = readFileSync("examples/policies/README.md", "utf8");
  const policies = globSync("examples/policies/*.ts").filter((file) => !file.endsWith(".test.ts"));
  t.ok(policies.length >= 8);
  for (const policy of policies) {
    t.ok(tests.includes(policy.replace(/\.ts$/, ".test.ts")), policy);
    t.match(list, `](${policy.slice("examples/policies/".length)})`);
  }
});

for (const engine of ["isolated-vm", "quickjs"]) {
  t.test(`the policies pass their tests as a reader runs them, on ${engine}`, async (t) => {
    const args = ["core/cli/main.ts", "test", "examples/policies", "--engine", engine];
    const output = await outputOf(t, process.execPath, args);
    t.equal(/ pass (\d+)/.exec(output)?.[1], String(count));
  });
}

t.test("the policies pass their tests as a reader runs them, on Deno with quickjs", async (t) => {
  const args = ["core/cli/main.ts", "test", "examples/policies", "--runtime", "deno", "--engine", "quickjs"];
  const output = await outputOf(t, process.execPath, args);
  t.equal(/(\d+) passed/.exec(output)?.[1], String(count));
});

t.test("the policies are sound to the types that their authors see", async (t) => {
  await outputOf(t, join(bin, "tsc"), ["-p", "examples/policies"]);
  await outputOf(t, join(bin, "tsc"), ["-p", "test/examples/policies.tsconfig.json"]);
});
