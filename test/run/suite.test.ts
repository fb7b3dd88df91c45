import { join } from "node:path";
import t from "tap";
import { declaredTimeout, runSuite } from "./suite.ts";

const tapImport = 'import t from "tap";\n';

t.test("runSuite sums passes, failures and skips and keeps the output", async (t) => {
  const directory = t.testdir({
    "mixed.test.ts": `${tapImport}
      t.test("good", async (t) => { const one: number = 1; t.equal(one, 1); });
      t.test("bad", async (t) => { t.equal("found", "wanted"); });
      t.test("absent", { skip: "no redis" }, async () => {});`,
  });
  const outcome = await runSuite({ file: join(directory, "mixed.test.ts"), runtime: "node" });
  t.match(outcome, { passed: 1, failed: 1, skipped: ["absent: no redis"], output: /found/ });
});

t.test("runSuite reports a suite that crashes, even after tests that passed", async (t) => {
  const directory = t.testdir({
    "crash.test.ts": `${tapImport}
      t.test("good", async (t) => { t.ok(true); });
      t.teardown(() => process.kill(process.pid, "SIGSEGV"));`,
  });
  const outcome = await runSuite({ file: join(directory, "crash.test.ts"), runtime: "node" });
  t.match(outcome, { failed: 1, output: /killed by SIGSEGV/ });
});

t.test("runSuite reports a suite that tests nothing", async (t) => {
  const directory = t.testdir({ "empty.test.ts": "export {};" });
  const outcome = await runSuite({ file: join(directory, "empty.test.ts"), runtime: "node" });
  t.match(outcome, { passed: 0, failed: 1, output: /no test ran/ });
});

t.test("runSuite runs a suite on Deno", async (t) => {
  const directory = t.testdir({
    "runtime.test.ts": `${tapImport}t.test("is Deno", async (t) => { t.ok("Deno" in globalThis); });`,
  });
  const outcome = await runSuite({ file: join(directory, "runtime.test.ts"), runtime: "deno" });
  t.match(outcome, { passed: 1, failed: 0 }, outcome.output);
});

t.test("runSuite skips a suite whose runtime is not installed, and says why", async (t) => {
  const directory = t.testdir({ "any.test.ts": `${tapImport}t.test("any", async (t) => { t.ok(true); });` });
  const before = process.cwd();
  t.teardown(() => process.chdir(before));
  process.chdir(directory);
  const outcome = await runSuite({ file: join(directory, "any.test.ts"), runtime: "node-24" });
  t.match(outcome, { passed: 0, failed: 0, skipped: ["node_modules/node-24/bin/node is not installed"] });
});

t.test("declaredTimeout reads what a file gives to t.setTimeout, above the default", async (t) => {
  t.equal(declaredTimeout(""), 120_000);
  t.equal(declaredTimeout("t.setTimeout(5_000);"), 120_000);
  t.equal(declaredTimeout("t.setTimeout(10 * 60_000);"), 600_000);
});
