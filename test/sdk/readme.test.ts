/** Node only: what the page for authors shows is checked by TypeScript and tested with Node's test runner. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import t from "tap";
import { phaseNames } from "../../sdk/runtime/message.ts";

const page = readFileSync("sdk/README.md", "utf8");
const [tenant = "", limiter = "", test = ""] = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, text]) => text!,
);

const folder = mkdtempSync(join(tmpdir(), "sluice-page-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function sluice(...argv: string[]) {
  const args = [resolve("core/cli/main.ts"), ...argv];
  return spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
}

t.test("the policies it shows are valid, with the grants that they need", async (t) => {
  writeFileSync(join(folder, "tenant.ts"), tenant);
  writeFileSync(join(folder, "limiter.ts"), limiter);
  writeFileSync(
    join(folder, "sluice.yaml"),
    `clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }
plugins:
  directory: .
  settings: { limiter: { grants: { fetch: ["https://tenants.internal"], kv: true, env: [TENANTS_TOKEN] } } }
`,
  );
  t.match(sluice("check"), { status: 0, stderr: "" });
});

t.test("the test it shows passes", async (t) => {
  writeFileSync(join(folder, "tenant.test.ts"), test);
  const { status, stdout, stderr } = sluice("test", ".");
  t.equal(status, 0, stdout + stderr);
  t.match(stdout, /pass 1\b/);
});

t.test("it names every phase, and every link leads to a file", async (t) => {
  const phases = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!);
  t.same(phases.sort(), [...new Set(["setup", "teardown", ...phaseNames])].sort());
  for (const [, target] of page.matchAll(/\]\(([^)]+)\)/g))
    t.ok(existsSync(join("sdk", target!)), `${target}`);
});
