import { readFileSync } from "node:fs";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

const [ofReadme = ""] = [
  ...readFileSync("plugins/breaker/README.md", "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm),
].map(([, text]) => text!);

const config = { minimumCalls: 2, jitter: 0 };
const down = () => Response.error();

onEachEngine("a function of the author answers, as the README shows it", async (t, engine) => {
  await using gateway = await testGateway({
    plugins: [{ source: ofReadme, name: "orders-breaker", config }],
    clock: "stopped",
    upstream: down,
    engine,
  });
  for (let turn = 0; turn < 2; turn++) await gateway.fetch("/", { method: "POST" });
  t.same(await (await gateway.fetch("/")).json(), { dishes: ["soup"] });
  t.equal((await gateway.fetch("/", { method: "POST" })).status, 503, "it had no answer to that");
  t.match(gateway.log.at(-1), {
    plugin: "orders-breaker",
    message: "answered from the menu",
    fields: { wait: 5000 },
  });
  t.same(gateway.faults, []);
});

t.test("a function that answers late, or not at all, comes before the fallback of the config", async (t) => {
  const source = `import { breaker } from "sluice/plugins/breaker";
    export default breaker({ async fallback(request, ctx, { circuit }) {
      const answers = await ctx.kv.increment("asked");
      return answers === 1 ? new Response("own " + circuit + " " + answers) : undefined;
    } });`;
  await using gateway = await testGateway({
    plugins: [{ source, name: "own", config: { ...config, fallback: { cluster: "spare" } } }],
    clusters: { spare: () => new Response("spare") },
    clock: "stopped",
    upstream: down,
  });
  for (let turn = 0; turn < 2; turn++) await gateway.fetch("/", { method: "POST" });
  t.equal(await (await gateway.fetch("/")).text(), "own upstream 1");
  t.equal(await (await gateway.fetch("/")).text(), "spare");
});

t.test("a function that throws fails closed, as any plugin that does", async (t) => {
  const source = `import { breaker } from "sluice/plugins/breaker";
    export default breaker({ fallback() { throw new Error("no idea"); } });`;
  await using gateway = await testGateway({
    plugins: [{ source, name: "own", config }],
    clock: "stopped",
    upstream: down,
  });
  for (let turn = 0; turn < 2; turn++) await gateway.fetch("/", { method: "POST" });
  t.equal((await gateway.fetch("/")).status, 500);
  t.match(gateway.faults, [{ message: "no idea" }]);
});

t.test("a built-in plugin that there is not is refused by name", async (t) => {
  const source = 'import { x } from "sluice/plugins/braker"; export default x();';
  await t.rejects(testGateway({ plugins: [{ source, name: "own" }] }), {
    message: /there is no built-in plugin "braker": expected one of .*breaker, /,
  });
  for (const path of ["sluice/plugins/../core", "sluice/plugins", "sluice/plugins/breaker/circuit.ts"]) {
    await t.rejects(testGateway({ plugins: [{ source: `import "${path}";`, name: "own" }] }), {
      message: /a plugin imports "sluice\/sdk"/,
    });
  }
});
