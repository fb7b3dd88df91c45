import { readFileSync } from "node:fs";
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

const [ofReadme = ""] = [
  ...readFileSync("plugins/rate-limit/README.md", "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm),
].map(([, text]) => text!);

onEachEngine("functions of the author say key and cost, as the README shows them", async (t, engine) => {
  await using gateway = await testGateway({
    plugins: [
      { source: ofReadme, name: "tenant-limit", config: { limits: [{ limit: 10, key: ["function"] }] } },
    ],
    clock: "stopped",
    engine,
  });
  const status = async (path: string, method: string) => (await gateway.fetch(path, { method })).status;
  t.same(
    [await status("/a/1", "POST"), await status("/a/2", "POST"), await status("/a/3", "GET")],
    [200, 200, 429],
  );
  t.equal(await status("/b/1", "GET"), 200);
  t.same(gateway.faults, []);
});

t.test("a cost that is negative or no number is a fault, and none passes", async (t) => {
  for (const cost of ["-1", "NaN", "Infinity", "'5'"]) {
    const source = `import { rateLimit } from "sluice/plugins/rate-limit";
      export default rateLimit({ cost: () => ${cost} });`;
    await using gateway = await testGateway({
      plugins: [{ source, name: "own", config: { limits: [{ limit: 1 }] } }],
    });
    t.equal((await gateway.fetch("/")).status, 500, cost);
    t.match(gateway.faults, [{ message: /Cannot use the cost/ }]);
  }
});

t.test("a cost of 0 is not limited, undefined is what the config says, and a place is one", async (t) => {
  const source = `import { rateLimit } from "sluice/plugins/rate-limit";
    export default rateLimit({ cost(request) {
      const said = request.headers.get("x-cost");
      return said === null ? undefined : Number(said);
    } });`;
  const limits = [{ limit: 1 }, { name: "places", algorithm: "concurrency", limit: 1 }];
  await using gateway = await testGateway({
    plugins: [{ source, name: "own", config: { limits } }],
    clock: "stopped",
  });
  const status = async (headers: Record<string, string>) => (await gateway.fetch("/", { headers })).status;
  t.same([await status({}), await status({}), await status({ "x-cost": "0" })], [200, 429, 200]);
  t.equal(await status({ "x-cost": "0.5" }), 429);
  t.equal(gateway.metrics.counter("refused_places"), 0);
});
