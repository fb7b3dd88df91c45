import { spawnSync } from "node:child_process";
import t from "tap";

const url = new URL("../../core/testing/index.ts", import.meta.url);

/** What a program with a gateway prints. */
function runWith(source: string, program: string) {
  const text = `
    const { testGateway } = await import(${JSON.stringify(url.href)});
    const start = (source) => testGateway({ plugins: [{ source, name: "mine" }], engine: "inline" });
    const source = ${JSON.stringify(source)};
    ${program}
  `;
  const args = "Deno" in globalThis ? ["eval", text] : ["--input-type=module", "--eval", text];
  return spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
}

t.test("a plugin that cannot be loaded is shown with its lines, and none of the gateway", async (t) => {
  const { stderr } = runWith(
    "export default {\n  onRequst() {},\n};",
    "await start(source).catch((error) => console.error(error));",
  );
  t.match(stderr, /^\[?Error: Cannot load the plugins\nmine\.ts:2:3: Cannot use onRequst: .*\n {2}1 \| /);
  t.match(stderr, /\n {4}\| {3}\^\n {2}3 \| \};\]?\n+$/);
  t.notMatch(stderr, /\bat |cause|Object/);
});

t.test("a fault is printed with its phase, its message and its place", async (t) => {
  const { stdout, stderr } = runWith(
    "export default {\n  onRequest() {\n    null.x;\n  },\n};",
    `const gateway = await start(source);
     console.log((await gateway.fetch("/")).status);
     for (let i = 0; i < 20; i++) await gateway.fetch("/");`,
  );
  t.equal(stdout, "500\n");
  t.match(
    stderr,
    /^mine\.ts:3:\d+: mine failed in onRequest: TypeError: .*null.*\n {2}2 \| .*\n> 3 \| {5}null\.x;\n/,
  );
  t.equal(stderr.match(/failed in onRequest/g)?.length, 10, "enough of them");
});
