/** A route whose requests several clusters share. */
import t, { type Test } from "tap";
import { stopBundler } from "../../core/reload/bundle.ts";
import { at, startConfigured } from "../support/configured.ts";
import { get, type TestGateway } from "../support/gateway.ts";
import { field, type Message } from "../support/message.ts";
import type { PluginTexts } from "../support/policies.ts";
import { type Answer, ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

/** Two clusters that answer with their name; both get half. */
async function startSplit(t: Test, by: string, plugins: PluginTexts | null = null): Promise<TestGateway> {
  const stable = await startUpstream(t, () => ok("stable"));
  const canary = await startUpstream(t, () => ok("canary"));
  const yaml = `
clusters:
  stable: { endpoints: ["${at(stable.address)}"] }
  canary: { endpoints: ["${at(canary.address)}"] }
routes: [{ split: { clusters: { stable: 50, canary: 50 }, by: ${by} } }]
`;
  return startConfigured(t, yaml, plugins);
}

async function bodies(proxy: TestGateway, request: string, times = 12): Promise<Set<string>> {
  const answers = await Promise.all(Array.from({ length: times }, () => proxy.ask(request)));
  return new Set(answers.map(({ body }) => body));
}

/** `name=value` of the cookie that a response sets. */
function cookieOf(response: Message): string {
  return field(response, "set-cookie")!.split(";")[0]!;
}

t.test("requests without a key are spread over the clusters", async (t) => {
  const proxy = await startSplit(t, "random");
  t.equal((await bodies(proxy, get(), 40)).size, 2);
  t.equal(field(await proxy.ask(get()), "set-cookie"), null);
});

t.test("the same header leads to the same cluster, others are spread", async (t) => {
  const proxy = await startSplit(t, "{ header: X-User }");
  const homes = new Set<string>();
  for (let user = 0; user < 12; user++) {
    const found = await bodies(proxy, get("/", `x-user: ${user}`), 4);
    t.equal(found.size, 1);
    for (const body of found) homes.add(body);
  }
  t.equal(homes.size, 2);
  t.equal((await bodies(proxy, get("/", "x-user:"), 40)).size, 2, "an empty one is none");
});

t.test("two proxies assign the same user alike", async (t) => {
  const [one, two] = [await startSplit(t, "{ header: x-user }"), await startSplit(t, "{ header: x-user }")];
  for (let user = 0; user < 16; user++) {
    const request = get("/", `X-User: ${user}`);
    t.equal((await one.ask(request)).body, (await two.ask(request)).body);
  }
});

t.test("a client without the cookie is given one, and with it comes back to the same cluster", async (t) => {
  const proxy = await startSplit(t, "{ cookie: exp }");
  const homes = new Set<string>();
  for (let client = 0; client < 12; client++) {
    const first = await proxy.ask(get("/", "Cookie: other=1"));
    t.match(field(first, "set-cookie"), /^exp=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax$/);
    homes.add(first.body);
    const second = await proxy.ask(get("/", `Cookie: other=1; ${cookieOf(first)}`));
    t.equal(second.body, first.body);
    t.equal(field(second, "set-cookie"), null, "the client has it already");
  }
  t.equal(homes.size, 2);
});

t.test("the cookie has the path and the time that the config says", async (t) => {
  const proxy = await startSplit(t, "{ cookie: exp, path: /shop, ttl: 90s }");
  t.match(field(await proxy.ask(get()), "set-cookie"), /; Path=\/shop; Max-Age=90; HttpOnly; SameSite=Lax$/);
});

t.test("a forged cookie chooses among the clusters of the split and nothing else", async (t) => {
  const proxy = await startSplit(t, "{ cookie: exp }");
  for (const forged of ["stable", "canary", "http://evil.test", "../..", "%00", "x".repeat(4000), '"q"']) {
    const response = await proxy.ask(get("/", `Cookie: exp=${forged}`));
    t.match(response.body, /^(stable|canary)$/, forged);
  }
});

t.test("clients are assigned by their address", async (t) => {
  const proxy = await startSplit(t, "client-address");
  t.equal((await bodies(proxy, get(), 20)).size, 1);
});

t.test("the access log and the metrics name the cluster that was chosen", async (t) => {
  const proxy = await startSplit(t, "{ header: x-user }");
  for (let user = 1; user <= 8; user++) {
    const { body } = await proxy.ask(get("/", `x-user: ${user}`));
    t.match(await proxy.record(user), { cluster: body, route: "split" });
  }
  const counted = proxy.metrics.snapshot().clusters.filter(({ attempts }) => attempts.length > 0);
  t.same(counted.map(({ cluster }) => cluster).sort(), ["canary", "stable"]);
});

t.test("retries stay in the cluster that was chosen", async (t) => {
  const failing: Answer = () => "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
  const [a, b] = [await startUpstream(t, failing), await startUpstream(t, failing)];
  const good = await startUpstream(t, () => ok("good"));
  const proxy = await startConfigured(
    t,
    `
clusters:
  bad: { endpoints: ["${at(a.address)}", "${at(b.address)}"], retryBudget: { minimum: 100 } }
  good: { endpoints: ["${at(good.address)}"] }
routes: [{ split: { clusters: { bad: 50, good: 50 } }, retry: { backoff: { base: 1ms, longest: 1ms } } }]
`,
  );
  const found = new Set<string>();
  for (let n = 1; n <= 24; n++) {
    const { status } = await proxy.ask(get());
    const { cluster, attempts } = await proxy.record(n);
    found.add(`${cluster} ${status} ${attempts}`);
  }
  t.same([...found].sort(), ["bad 503 3", "good 200 1"]);
});

t.test("a timeout of the route holds in whichever cluster", async (t) => {
  const silent = await startUpstream(t, () => null);
  const proxy = await startConfigured(
    t,
    `
clusters: { slow: { endpoints: ["${at(silent.address)}"] }, other: { endpoints: ["http://127.0.0.1:9"] } }
routes: [{ split: { clusters: { slow: 1, other: 0 } }, timeout: 60ms }]
`,
  );
  t.equal((await proxy.ask(get())).status, 504);
  t.match(await proxy.record(1), { error: "deadline_exceeded", cluster: "slow" });
});

const choosing = `export default { onRequest(request, ctx) {
  if (request.headers.get("x-staff") !== null) ctx.upstream.cluster = "canary";
  request.headers.set("x-user", request.headers.get("x-token") ?? "");
}, onUpstream(attempt) { attempt.headers.set("x-cluster", attempt.cluster); } };`;

t.test("the cluster that a policy chooses goes before the split, and needs no cookie", async (t) => {
  const proxy = await startSplit(t, "{ cookie: exp }", { "choose.ts": choosing });
  for (let n = 0; n < 8; n++) {
    const response = await proxy.ask(get("/", "X-Staff: 1"));
    t.equal(response.body, "canary");
    t.equal(field(response, "set-cookie"), null);
  }
  t.match(field(await proxy.ask(get()), "set-cookie"), /^exp=/);
});

t.test("a field counts as the policies leave it: what a client claims does not", async (t) => {
  const proxy = await startSplit(t, "{ header: x-user }", { "choose.ts": choosing });
  const homes = new Set<string>();
  for (let user = 0; user < 16; user++) {
    homes.add((await proxy.ask(get("/", `X-User: ${user}`, "X-Token: 7"))).body);
  }
  t.equal(homes.size, 1);
});
