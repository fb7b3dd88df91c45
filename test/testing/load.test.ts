import { spawnSync } from "node:child_process";
import t from "tap";
import { testGateway } from "../../core/testing/index.ts";

async function messageOf(source: string, config?: unknown): Promise<string> {
  try {
    await (await testGateway({ plugins: [{ source, name: "mine", config }] })).close();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

t.test("a plugin that cannot be loaded rejects with its place and the lines around it", async (t) => {
  const schema = '{ type: "object", properties: { n: { type: "number" } } }';
  for (const [source, config, found] of [
    ["export default {\n  onRequest( {\n};", undefined, /^mine\.ts:3:2: /m],
    [
      "export default {\n  setup() { throw new Error('no') },\n};",
      undefined,
      /^mine\.ts:2:\d+: Error in setup: no$/m,
    ],
    [
      "const a = 1;\nnull.x;\nexport default {};",
      undefined,
      /^mine\.ts:2:\d+: TypeError in its top level: /m,
    ],
    [
      `export default {\n  config: ${schema},\n  onRequest() {},\n};`,
      { n: "1" },
      /^mine\.ts:2:3: Cannot use the config of mine: .*\/n/m,
    ],
    ["export default {\n  async fetch() {},\n};", undefined, /^mine\.ts:2:9: Cannot use fetch: /m],
    ["import 'node:fs';\nexport default {};", undefined, /^mine\.ts:1:8: node:fs is a module of Node/m],
  ] as const) {
    const message = await messageOf(source, config);
    t.match(message, found);
    t.match(message, /^> \d \| /m);
    t.notMatch(message, /\/tmp\/|sluice-test-/);
  }
});

t.test("a file that is not there is named", async (t) => {
  await t.rejects(testGateway({ plugins: ["./missing.ts"] }), {
    message: /test\/testing\/missing\.ts:1:1: cannot be read: ENOENT/,
  });
});

t.test("a name that is no built-in policy's is refused with those that there are", async (t) => {
  await t.rejects(testGateway({ plugins: ["security-header"] }), {
    message:
      /^Cannot find the plugin security-header: .*\(did you mean "security-headers"\?\); built in: .*\bcors\b/,
  });
});

t.test("what cannot be meant is refused", async (t) => {
  const source = "export default {}";
  const refused = (options: object) => testGateway({ plugins: [], ...options } as never);
  await t.rejects(refused({ plugins: [{ source, plugin: "./a.ts" }] }), { message: /either a file/ });
  await t.rejects(refused({ plugins: [{}] }), { message: /either a file/ });
  await t.rejects(refused({ engine: "v8", plugins: [{ source }] }), {
    message: /engine v8: expected one of/,
  });
  await t.rejects(refused({ upstream: "http://a/path" }), { message: /Cannot use the upstream/ });
  await t.rejects(refused({ plugins: [{ source, limits: { cpu: "fast" } }] }), { message: /limits\.cpu/ });
  for (const [options, message] of [
    [
      { plugin: [] },
      'Cannot use the option plugin (did you mean "plugins"?): expected one of plugins, upstream, ',
    ],
    [
      { clock: "stoped" },
      'Cannot use clock: expected running or stopped, found "stoped" (did you mean "stopped"?)',
    ],
    [{ client: "not an ip" }, 'Cannot use client: expected an IP address, found "not an ip"'],
    [
      { plugins: [{ source, grant: {} }] },
      `Cannot use the plugin's grant (did you mean "grants"?): expected one of `,
    ],
    [
      { plugins: [{ source, grants: { fetsh: [] } }] },
      'Cannot use the grant fetsh (did you mean "fetch"?): ',
    ],
    [
      { plugins: [{ source, onFailure: "opn" }] },
      'Cannot use onFailure: expected closed or open, found "opn"',
    ],
    [
      { plugins: [{ source, engine: "nonsense" }] },
      "Cannot use the engine nonsense: expected one of isolated-vm, ",
    ],
  ] as const) {
    const error = await refused(options).catch((error) => error);
    t.match(error, { name: "TypeError", message });
  }
});

t.test("the environment chooses the engine of tests that do not", async (t) => {
  const source =
    "export default { onRequest: () => new Response(String('Deno' in globalThis || 'process' in globalThis)) }";
  t.teardown(() => {
    delete process.env["SLUICE_TEST_ENGINE"];
  });
  const isHost = async () => {
    await using gateway = await testGateway({ plugins: [{ source }] });
    return (await gateway.fetch("/")).text();
  };
  process.env["SLUICE_TEST_ENGINE"] = "quickjs";
  t.equal(await isHost(), "false");
  process.env["SLUICE_TEST_ENGINE"] = "inline";
  t.equal(await isHost(), "true");
  process.env["SLUICE_TEST_ENGINE"] = "other";
  await t.rejects(isHost(), { message: /engine other/ });
});

t.test("a program ends by itself, with a gateway on QuickJS that nobody closed", async (t) => {
  const url = new URL("../../core/testing/index.ts", import.meta.url);
  const program = `
    const { testGateway } = await import(${JSON.stringify(url.href)});
    const source = "export default { onRequest() {} }";
    const gateway = await testGateway({ plugins: [{ source }], engine: "quickjs", from: ${JSON.stringify(import.meta.url)} });
    console.log(await (await gateway.fetch("/")).text());
  `;
  const args = "Deno" in globalThis ? ["eval", program] : ["--input-type=module", "--eval", program];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
  t.equal(stdout, "ok\n");
  t.equal(status, 0, stderr);
});
