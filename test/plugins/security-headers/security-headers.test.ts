import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

onEachEngine("a browser is told not to guess what a response is", async (t, engine) => {
  await using gateway = await testGateway({ plugins: ["security-headers"], engine });
  const response = await gateway.fetch("/");
  t.equal(response.headers.get("x-content-type-options"), "nosniff");
  t.same(gateway.faults, []);
});

t.test("the fields are there on a real connection", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const { ask } = await startBuiltInGateway(t, service.address, ["security-headers"]);
  const response = await ask(get("/"));
  t.equal(response.body, "here");
  t.equal(field(response, "x-content-type-options"), "nosniff");
});
