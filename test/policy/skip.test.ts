/** Handlers that `setup` leaves out for its config. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { testGateway } from "../../core/testing/index.ts";
import { onEachEngine } from "../support/each-engine.ts";

t.teardown(stopBundler);

const source = `
  let logged = 0;
  export default {
    config: { type: "object", properties: { skips: { type: "array", items: { type: "string" }, default: [] } } },
    async setup(config, host) {
      await null;
      host.skip(...config.skips);
    },
    onRequest(request) {
      request.headers.set("x-logged", String(logged));
    },
    onResponse(response) {
      response.headers.set("x-seen", "yes");
    },
    onLog() {
      logged++;
    },
  };`;

onEachEngine("a handler that setup leaves out is not called, the others are", async (t, engine) => {
  const asked = async (skips: string[]) => {
    await using gateway = await testGateway({
      plugins: [{ name: "p", source, config: { skips } }],
      engine,
      upstream: (request) => new Response(request.headers.get("x-logged")),
    });
    const answers = [];
    for (let i = 0; i < 2; i++) {
      const response = await gateway.fetch("/");
      answers.push([response.headers.get("x-seen"), await response.text()]);
    }
    return answers;
  };
  t.same(await asked([]), [
    ["yes", "0"],
    ["yes", "1"],
  ]);
  t.same(await asked(["onResponse", "onLog"]), [
    [null, "0"],
    [null, "0"],
  ]);
  t.same(await asked(["onRequest", "onResponse", "onLog", "onUpstream"]), [
    [null, ""],
    [null, ""],
  ]);
});

onEachEngine("what is no handler cannot be left out", async (t, engine) => {
  for (const name of ["setup", "onrequest", ""]) {
    const loaded = testGateway({ plugins: [{ name: "p", source, config: { skips: [name] } }], engine });
    await t.rejects(loaded, { message: /Cannot skip .*: expected one of onRequest, / });
  }
});

onEachEngine("a policy of the same plugin with another config keeps its handlers", async (t, engine) => {
  await using gateway = await testGateway({
    plugins: [
      { name: "p", source, config: { skips: ["onResponse"] } },
      { name: "p", source, config: { skips: [] } },
    ],
    engine,
  });
  t.equal((await gateway.fetch("/")).headers.get("x-seen"), "yes");
});
