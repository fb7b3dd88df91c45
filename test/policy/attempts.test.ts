/** What policies see and decide of the attempts of a request. */
import { setTimeout as sleep } from "node:timers/promises";
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
      attempt.headers.set("x-retry", String(attempt.isRetry));
    }`),
    route: { retry: retrying() },
  });
  t.equal((await gateway.ask(get())).status, 200);
  t.equal(field(bad.requests[0]!, "x-run"), "once");
  t.same(
    [bad, good].map(({ requests }) => field(requests[0]!, "x-attempt")),
    ["1", "2"],
  );
  t.equal(field(bad.requests[0]!, "x-retry"), "false");
  t.equal(field(good.requests[0]!, "x-retry"), "true");
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

t.test("onUpstream runs for an attempt beside another one, and the first answer counts", async (t) => {
  const slow = await startCounting(t, ({ startLine }) => (startLine.includes("/slow") ? null : ok("slow")));
  const quick = await startCounting(t, () => ok("quick"));
  const gateway = await startPolicyGateway(t, [slow.address, quick.address], {
    plugins: plugin(`
      onUpstream(attempt) { attempt.headers.set("x-attempt", attempt.number + " " + attempt.isRetry); },
      onResponse(response, ctx) { response.headers.set("x-seen", "1"); }`),
    route: { retry: retrying({ hedge: { percentile: 0.9, least: 20 } }) },
  });
  for (let i = 0; i < 40; i++) await gateway.ask(get());
  let response = await gateway.ask(get("/slow"));
  // On a busy machine one of the others may have been sent twice: whose turn it is is not known.
  while (!slow.requests.at(-1)!.startLine.includes("/slow")) response = await gateway.ask(get("/slow"));
  t.match(response, { status: 200, body: "quick" });
  t.equal(field(response, "x-seen"), "1");
  t.same(
    [slow, quick].map(({ requests }) => field(requests.at(-1)!, "x-attempt")),
    ["1 false", "2 false"],
  );
});

t.test(
  "an answer that comes while onUpstream of the next attempt is at work does not wait for it",
  async (t) => {
    for (const ending of ["await new Promise(() => {})", "throw new Error('no')"]) {
      const slow = await startCounting(t, ({ startLine }) =>
        startLine.includes("/slow") ? sleep(300, ok("slow")) : ok("slow"),
      );
      const quick = await startCounting(t, () => ok("quick"));
      const gateway = await startPolicyGateway(t, [slow.address, quick.address], {
        plugins: plugin(`
        async onUpstream(attempt) { if (attempt.number > 1) { ${ending}; } },
        onResponse(response, ctx) { response.headers.set("x-seen", "1"); }`),
        route: { retry: retrying({ hedge: { percentile: 0.9, least: 20 } }) },
      });
      for (let i = 0; i < 40; i++) await gateway.ask(get());
      const response = await gateway.ask(get("/slow"));
      t.match(response, { status: 200, body: "slow" });
      t.equal(field(response, "x-seen"), "1");
      t.match(await gateway.record(41), { attempts: 1, error: null });
      t.equal((await gateway.ask(get())).status, 200);
    }
  },
);

t.test(
  "a policy sees where those before it send an attempt, and may leave it to the balancer again",
  async (t) => {
    const endpoints = await startNumbered(t, 2);
    const { host, port } = endpoints[1]!.address as { host: string; port: number };
    const gateway = await startPolicyGateway(
      t,
      endpoints.map(({ address }) => address),
      {
        plugins: {
          "a.ts": `export default { onUpstream(attempt) { attempt.endpoint = "${host}:${port}"; } };`,
          "b.ts": `export default { onUpstream(attempt) {
          attempt.headers.set("x-saw", attempt.cluster + " " + attempt.endpoint);
          if (attempt.url.endsWith("/any")) attempt.endpoint = null;
        } };`,
        },
      },
    );
    for (let turn = 0; turn < 4; turn++) await gateway.ask(get("/"));
    t.same(countsOf(endpoints), [0, 4]);
    t.equal(field(endpoints[1]!.requests[0]!, "x-saw"), `upstream ${host}:${port}`);
    for (let turn = 0; turn < 4; turn++) await gateway.ask(get("/any"));
    t.same(countsOf(endpoints), [2, 6]);
  },
);

t.test("an endpoint that is chosen for one attempt is not chosen for the next", async (t) => {
  const bad = await startCounting(t, resets);
  const good = await startCounting(t, () => ok());
  const { host, port } = bad.address as { host: string; port: number };
  const gateway = await startPolicyGateway(t, [bad.address, good.address], {
    plugins: plugin(
      `onUpstream(attempt) { if (attempt.number === 1) attempt.endpoint = "${host}:${port}"; }`,
    ),
    route: { retry: retrying() },
  });
  t.equal((await gateway.ask(get())).status, 200);
  t.same([bad.requests.length, good.requests.length], [1, 1]);
});

t.test(
  "what a policy chose in onRequest does not come again in onUpstream, over what another one chose there",
  async (t) => {
    const [first, second] = await startNumbered(t, 2);
    const nameOf = ({ address }: { address: unknown }) => {
      const { host, port } = address as { host: string; port: number };
      return `${host}:${port}`;
    };
    const gateway = await startPolicyGateway(t, [first!.address, second!.address], {
      plugins: {
        "a.ts": `export default { onUpstream(attempt) { attempt.endpoint = "${nameOf(second!)}"; } };`,
        "b.ts": `export default {
        onRequest(request, ctx) { ctx.upstream.endpoint = "${nameOf(first!)}"; },
        onUpstream(attempt, ctx) { attempt.headers.set("x-seen", attempt.endpoint + " " + ctx.upstream.endpoint); },
      };`,
      },
    });
    t.equal((await gateway.ask(get())).body, "1");
    t.equal(field(second!.requests[0]!, "x-seen"), `${nameOf(second!)} ${nameOf(first!)}`);
  },
);
