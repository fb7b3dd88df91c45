import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import t from "tap";
import { startProgram } from "../support/program.ts";

const binary = resolve("core/cli/main.ts");
const app = 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n';

/** Runs the binary to its end. */
async function sluice(argv: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const child = spawn(process.execPath, [binary, ...argv], {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, err };
}

t.test("--help fits a terminal of 80 columns and 24 lines", async (t) => {
  const { code, out } = await sluice(["--help"]);
  const lines = out.trimEnd().split("\n");
  t.equal(code, 0);
  t.ok(lines.length <= 24);
  t.ok(lines.every((line) => line.length <= 80));
});

t.test("--version prints the version of the package", async (t) => {
  t.match(await sluice(["--version"]), { code: 0, out: /^sluice \d+\.\d+\.\d+\n$/ });
});

t.test("schema prints JSON", async (t) => {
  const { code, out } = await sluice(["schema"]);
  t.equal(code, 0);
  t.match(JSON.parse(out), { type: "object" });
});

t.test("an unknown flag is one clear line and exit code 2", async (t) => {
  const { code, out, err } = await sluice(["--lisen", ":1"]);
  t.equal(code, 2);
  t.equal(out, "");
  t.equal(err, 'sluice: Unknown option "--lisen" (did you mean "--listen"?)\nTry "sluice --help"\n');
});

t.test("nothing to proxy to is exit code 2", async (t) => {
  t.match(await sluice([], { cwd: t.testdir() }), {
    code: 2,
    err: /Nothing to proxy to: expected --upstream URL/,
  });
  t.match(await sluice(["check"], { cwd: t.testdir() }), { code: 2, err: /Nothing to check/ });
});

t.test("check prints every problem and exits with 78", async (t) => {
  const cwd = t.testdir({ "sluice.yaml": "workers: many\nvai: x\n" });
  const { code, err } = await sluice(["check"], { cwd });
  t.equal(code, 78);
  t.equal(
    err,
    "sluice.yaml:1:1: expected at least one cluster, or an upstream on the command line, found none\n" +
      'sluice.yaml:1:10: expected a whole number from 1 to 256, or "auto", found "many"\n' +
      'sluice.yaml:2:1: unknown key "vai" (did you mean "via"?)\n',
  );
});

t.test("check says what a valid file holds", async (t) => {
  const cwd = t.testdir({ "other.yaml": app });
  t.match(await sluice(["check", "other.yaml"], { cwd }), {
    code: 0,
    out: "other.yaml: valid, 1 listener, 1 cluster, 1 route\n",
  });
});

t.test("a file that cannot be read is exit code 1", async (t) => {
  t.match(await sluice(["check", "none.yaml"], { cwd: t.testdir() }), {
    code: 1,
    err: /^none\.yaml:1:1: expected a file that can be read/,
  });
  const tls = 'listeners: [{ address: ":0", tls: { certificates: [{ cert: none.pem, key: none.key }] } }]';
  t.match(await sluice(["check"], { cwd: t.testdir({ "sluice.yaml": app + tls }) }), {
    code: 1,
    err: /none\.key/,
  });
});

t.test("check looks into certificate files", async (t) => {
  const tls = 'listeners: [{ address: ":0", tls: { certificates: [{ cert: a.pem, key: a.key }] } }]';
  const cwd = t.testdir({ "sluice.yaml": app + tls, "a.pem": "nothing", "a.key": "nothing" });
  t.match(await sluice(["check"], { cwd }), {
    code: 1,
    err: /^sluice\.yaml: Cannot .* certificate .*a\.pem/,
  });
});

t.test("running with an invalid file is exit code 78", async (t) => {
  const cwd = t.testdir({ "sluice.yaml": "clusters: {}" });
  t.match(await sluice([], { cwd }), { code: 78, err: /^sluice\.yaml:1:11: expected at least one cluster/ });
});

t.test("colours are for terminals only", async (t) => {
  const { err } = await sluice(["check"], { cwd: t.testdir({ "sluice.yaml": "a: b" }) });
  t.notOk(err.includes("\u001b"));
});

t.test("a busy port is one clear line and exit code 1", async (t) => {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { code, err } = await sluice([
    "--upstream",
    "http://127.0.0.1:9",
    "--listen",
    `127.0.0.1:${port}`,
    "--admin",
    "off",
  ]);
  t.equal(code, 1);
  t.equal(err, `sluice: Cannot listen on 127.0.0.1:${port}: address in use\n`);
});

t.test("a request goes through, by flags and by the default file", async (t) => {
  const upstream = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  t.teardown(() => upstream.close());
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const cwd = t.testdir();
  writeFileSync(join(cwd, "sluice.yaml"), `clusters: { app: { endpoints: ["${url}"] } }\nadmin: false`);
  for (const argv of [["--upstream", url, "--admin", "off"], []]) {
    await using proxy = startProgram(process.execPath, [binary, ...argv, "--listen", "127.0.0.1:0"], { cwd });
    await proxy.said(/listening/);
    const address = /"listeners":\["(.*?)"\]/.exec(proxy.output)?.[1];
    const response = await fetch(`http://${address}/`);
    t.equal(await response.text(), "hello");
    proxy.kill("SIGTERM");
    t.equal(await proxy.ended, 0);
  }
});

t.test(
  "A reader that has enough of what a command prints ends it, and nothing is said of that",
  async (t) => {
    for (const args of [["schema"], ["--help"], ["plan", "--upstream", "http://127.0.0.1:9"]]) {
      const child = spawn(process.execPath, ["core/cli/main.ts", ...args], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      child.stdout.destroy();
      const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
      t.equal(said, "", args[0]!);
      t.equal(code, 0, args[0]!);
    }
  },
);
