/** What policies see and decide of the attempts of a request. */
import t from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { get } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok } from "../support/raw-upstream.ts";
import { countsOf, resets, retrying, startCounting, startNumbered } from "../upstream/endpoints.ts";

t.teardown(stopBundler);

const plugin = (text: string) => ({ "one.ts": `export default { ${text} };` });

t.test("onUpstream runs for each attempt, each time from the request as it was admitted", async (t) => {
  const bad = await startCounting(t, resets);
  const good = await startCounting(t, () => ok());
  const gateway = await startPolicyGateway(t, [bad.address, good.address], {
    plugins: plugin(`onUpstream(attempt) {
      attempt.headers.set("x-attempt", String(attempt.number));
      attempt.headers.append("x-run", "once");
    }`),
    route: { retry: retrying() },
  });
  t.equal((await gateway.ask(get())).status, 200);
  t.equal(field(bad.requests[0]!, "x-run"), "once");
  t.same(
    [bad, good].map(({ requests }) => field(requests[0]!, "x-attempt")),
    ["1", "2"],
  );
  t.equal(field(good.requests[0]!, "x-run"), "once", "the edits of the attempt before are gone");
  t.match(await gateway.record(1), { attempts: 2 });
});

t.test("the endpoint that a policy chose is asked, again after a failure too", async (t) => {
  const bad = await startCounting(t, resets);
  const good = await startCounting(t, () => ok());
  const { host, port } = bad.address as { host: string; port: number };
  const gateway = await startPolicyGateway(t, [good.address, bad.address], {
    plugins: plugin(`onUpstream(attempt, ctx) { ctx.upstream.endpoint = "${host}:${port}"; }`),
    route: { retry: retrying() },
  });
  t.equal((await gateway.ask(get())).status, 502);
  t.same([bad.requests.length, good.requests.length], [3, 0]);
  t.match(await gateway.record(1), { attempts: 3 });
});

t.test("the hash key of a policy leads requests to the same endpoint", async (t) => {
  for (const phase of ["onRequest", "onUpstream"]) {
    const endpoints = await startNumbered(t, 4);
    const gateway = await startPolicyGateway(
      t,
      endpoints.map(({ address }) => address),
      {
        plugins: plugin(`${phase}(message, ctx) { ctx.upstream.hashKey = message.headers.get("x-user"); }`),
        cluster: { balance: "ring-hash", hashKey: { kind: "policy" } },
      },
    );
    for (let i = 0; i < 16; i++) {
      const bodies = new Set<string>();
      for (let n = 0; n < 3; n++) bodies.add((await gateway.ask(get("/", `X-User: u${i}`))).body);
      t.equal(bodies.size, 1);
    }
    t.ok(countsOf(endpoints).filter((count) => count > 0).length > 2, "users are spread");
  }
});
