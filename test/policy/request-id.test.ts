/** `ctx.requestId`, which a policy may assign. */
import t from "tap";
import { editedRequestId } from "../../core/policy/edit-values.ts";
import { MalformedOutcome } from "../../core/policy/malformed-outcome.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok } from "../support/raw-upstream.ts";
import { startCounting } from "../upstream/endpoints.ts";

t.teardown(stopBundler);

onEachEngine(
  "an id that a policy assigns is that of the log, the service and the next policy",
  async (t, engine) => {
    const service = await startCounting(t, () => ok());
    const gateway = await startPolicyGateway(t, service.address, {
      engine,
      plugins: {
        "a.ts": `export default { onRequest(request, ctx) {
        const before = ctx.requestId;
        ctx.requestId = "mine-1";
        request.headers.set("x-a", ctx.requestId + " " + (before.length === 36));
      } };`,
        "b.ts": `export default {
        onRequest(request, ctx) { request.headers.set("x-b", ctx.requestId); },
        onResponse(response, ctx) { response.headers.set("x-b", ctx.requestId); },
      };`,
      },
    });
    const response = await gateway.ask(get());
    const [seen] = service.requests;
    t.equal(field(seen!, "x-a"), "mine-1 true");
    t.equal(field(seen!, "x-b"), "mine-1");
    t.equal(field(seen!, "x-request-id"), "mine-1");
    t.equal(field(response, "x-b"), "mine-1");
    t.match(await gateway.record(1), { requestId: "mine-1" });
  },
);

onEachEngine("an id that could not stand in a log is refused where it is assigned", async (t, engine) => {
  const service = await startCounting(t, () => ok());
  const gateway = await startPolicyGateway(t, service.address, {
    engine,
    plugins: {
      "a.ts": `export default { onRequest(request, ctx) {
        const thrown = ["", "a b", "a\\nb", "x".repeat(129), "\\u00e9"].map((id) => {
          try { ctx.requestId = id; return "nothing"; } catch (error) { return error.name; }
        });
        request.headers.set("x-thrown", [...new Set(thrown)].join());
      } };`,
    },
  });
  await gateway.ask(get());
  t.equal(field(service.requests[0]!, "x-thrown"), "TypeError");
});

t.test("what a guest's runtime says the id is, is not believed", (t) => {
  t.equal(editedRequestId("a-1"), "a-1");
  for (const id of ["", "a b", "a\nb", "a\u0001b", "x".repeat(129), "\u00e9", 7, null, {}])
    t.throws(() => editedRequestId(id), MalformedOutcome);
  t.end();
});

t.test("assigning it later is a fault of the plugin", async (t) => {
  const service = await startCounting(t, () => ok());
  for (const phase of ["onUpstream", "onResponse"]) {
    const gateway = await startPolicyGateway(t, service.address, {
      plugins: { "a.ts": `export default { ${phase}(message, ctx) { ctx.requestId = "late"; } };` },
    });
    t.equal((await gateway.ask(get())).status, 500, phase);
  }
});
