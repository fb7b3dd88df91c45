/** Faults that are injected on purpose are never injected silently. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import t from "tap";
import { startProgram } from "../support/program.ts";

const binary = resolve("core/cli/main.ts");

const config = `clusters: { app: { endpoints: ["http://127.0.0.1:9"] } }
routes: [{ cluster: app, fault: { abort: { share: 1%, status: 500 } } }]
listeners: [{ address: "127.0.0.1:0" }]
admin: false
`;

/** Runs the binary to its end. */
async function sluice(argv: readonly string[], cwd: string) {
  const child = spawn(process.execPath, [binary, ...argv], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { out, err };
}

t.test("check warns of faults, and plan shows them", async (t) => {
  const cwd = t.testdir({ "sluice.yaml": config });
  const checked = await sluice(["check"], cwd);
  t.equal(checked.err, "warning: sluice.yaml: route app injects faults: 1 % are answered 500\n");
  t.match(checked.out, "valid");
  t.match((await sluice(["plan"], cwd)).out, "  faults         ON: 1 % are answered 500\n");
});

t.test("a proxy that starts with faults says so in its log", async (t) => {
  await using proxy = startProgram(process.execPath, [binary], { cwd: t.testdir({ "sluice.yaml": config }) });
  await proxy.said(/"route":"app","faults":"1 % are answered 500".*A route injects faults/);
  t.match(proxy.output, /"level":"warn".*A route injects faults/);
  proxy.kill("SIGTERM");
  t.equal(await proxy.ended, 0);
});
