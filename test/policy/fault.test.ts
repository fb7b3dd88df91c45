/** Faults that a route injects where policies are. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

const marks = `
  onRequest(request) {
    if (request.headers.has("x-refuse")) return new Response("refused", { status: 403 });
  },
  onUpstream(attempt) { attempt.headers.set("x-attempt", "seen"); },
  onResponse(response) { response.headers.set("x-seen", response.status + " " + response.error); },`;

const plugins = { "one.ts": `export default { ${marks} };` };

t.test("a policy that refuses a request comes before the fault", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const fault = { delay: null, abort: { share: 1, status: 503 }, header: false };
  const gateway = await startPolicyGateway(t, upstream.address, { plugins, route: { fault } });
  const reply = await gateway.ask(get("/", "X-Refuse: 1"));
  t.equal(reply.status, 403);
  t.same(gateway.metrics.snapshot().routes[0]!.faults, []);
});

t.test("an abort passes onResponse like a failure of an endpoint", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const fault = { delay: null, abort: { share: 1, status: 418 }, header: false };
  const gateway = await startPolicyGateway(t, upstream.address, { plugins, route: { fault } });
  const reply = await gateway.ask(get());
  t.equal(reply.status, 418);
  t.equal(field(reply, "x-seen"), "418 fault_injected");
  t.match(field(reply, "proxy-status"), /details="fault_injected"/);
  t.match(await gateway.record(1), { status: 418, error: "fault_injected", attempts: 0 });
  t.equal(upstream.connections.length, 0);
});

t.test("a delay comes between onRequest and onUpstream", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(field(request, "x-attempt") ?? "unseen"));
  const fault = { delay: { share: 1, time: 200 }, abort: null, header: false };
  const gateway = await startPolicyGateway(t, upstream.address, { plugins, route: { fault } });
  const begin = performance.now();
  t.match(await gateway.ask(get()), { status: 200, body: "seen" });
  t.ok(performance.now() - begin >= 195);
});
