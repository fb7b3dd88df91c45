import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const plugin = "rate-limit";

/** A policy that says who sent the request, as one that authenticates does. */
const identifying = {
  name: "identifying",
  source: `export default {
    capabilities: { identity: true },
    onRequest(request, ctx) {
      const subject = request.headers.get("x-user");
      if (subject === null) return;
      const groups = (request.headers.get("x-groups") ?? "").split(",");
      ctx.identity = { subject, method: "test", claims: {}, scopes: [], groups };
    },
  };`,
};

/** A gateway whose clock stands still, with limits. */
async function start(
  limits: readonly object[],
  config: object = {},
  options: Partial<TestGatewayOptions> = {},
) {
  const gateway = await testGateway({
    plugins: [[plugin, { limits, ...config }]],
    clock: "stopped",
    ...options,
  });
  const statuses = async (count: number, fields: Record<string, string> = {}, path = "/") => {
    const found: number[] = [];
    for (let turn = 0; turn < count; turn++) {
      found.push((await gateway.fetch(path, { headers: fields })).status);
    }
    return found;
  };
  return { gateway, statuses, [Symbol.asyncDispose]: () => gateway.close() };
}

onEachEngine("it lets through, tells, refuses, and lets through again", async (t, engine) => {
  await using limited = await start([{ name: "minute", limit: 6, burst: 2 }], {}, { engine });
  const { gateway, statuses } = limited;
  const first = await gateway.fetch("/");
  t.equal(first.headers.get("ratelimit-policy"), '"minute";q=6;w=60');
  t.equal(first.headers.get("ratelimit"), '"minute";r=1;t=10');
  t.same(await statuses(2), [200, 429]);
  const refused = await gateway.fetch("/");
  t.equal(refused.status, 429);
  t.equal(refused.headers.get("retry-after"), "10");
  t.equal(refused.headers.get("ratelimit"), '"minute";r=0;t=20');
  t.equal(refused.headers.get("content-type"), "application/problem+json");
  t.match(await refused.json(), { status: 429, code: "rate_limited", "violated-policies": ["minute"] });
  await gateway.clock.advance(10_000);
  t.same(await statuses(2), [200, 429]);
  t.equal(gateway.metrics.counter("refused_minute"), 3);
  t.same(gateway.faults, []);
});

onEachEngine("every algorithm counts, and several limits at once all hold", async (t, engine) => {
  const limits = [
    { name: "second", algorithm: "sliding-window", limit: 3, window: 1 },
    { name: "day", algorithm: "quota", limit: 5 },
    { name: "places", algorithm: "concurrency", limit: 2 },
    { name: "burst", limit: 4 },
  ];
  await using limited = await start(limits, {}, { engine });
  const { gateway, statuses } = limited;
  const first = await gateway.fetch("/");
  t.equal(
    first.headers.get("ratelimit-policy"),
    '"second";q=3;w=1, "day";q=5;w=86400, "places";q=2;qu="concurrent-requests", "burst";q=4;w=60',
  );
  t.match(
    first.headers.get("ratelimit"),
    /^"second";r=2;t=1, "day";r=4;t=\d+, "places";r=1, "burst";r=3;t=15$/,
  );
  t.same(await statuses(4), [200, 200, 429, 429], "the second is over");
  await gateway.clock.advance(1100);
  t.same(await statuses(2), [200, 429], "the bucket is empty");
  t.equal(gateway.metrics.counter("refused_burst"), 1);
  await gateway.clock.advance(60_000);
  t.same(await statuses(2), [200, 429], "the day is over; who was refused has not used it up");
  t.equal(gateway.metrics.counter("refused_day"), 1);
  t.same(gateway.faults, []);
});

onEachEngine(
  "before authentication by address, after it by identity: the two keep apart",
  async (t, engine) => {
    const by = (key: string, limit: number) =>
      [plugin, { limits: [{ name: key, key: [key], limit }] }] as const;
    const plugins = [by("address", 5), identifying, by("identity", 2)];
    await using limited = await start([], {}, { plugins, engine });
    const { gateway, statuses } = limited;
    t.same(await statuses(3, { "x-user": "ann" }), [200, 200, 429]);
    const bob = await gateway.fetch("/", { headers: { "x-user": "bob" } });
    t.equal(bob.headers.get("ratelimit-policy"), '"identity";q=2;w=60, "address";q=5;w=60');
    t.equal(bob.headers.get("ratelimit"), '"identity";r=1;t=30, "address";r=1;t=48');
    t.same(await statuses(2, { "x-user": "bob" }), [200, 429], "the address has used up its own");
    t.equal(gateway.metrics.counter("refused_address"), 1);
    t.same(gateway.faults, []);
  },
);

onEachEngine("a place is given back once, when the response is over, and not before", async (t, engine) => {
  const holders: (() => void)[] = [];
  const upstream = (request: Request) =>
    new URL(request.url).pathname === "/now"
      ? new Response("now")
      : new Promise<Response>((resolve) => holders.push(() => resolve(new Response("late"))));
  const limits = [{ algorithm: "concurrency", limit: 2 }];
  await using limited = await start(limits, {}, { engine, upstream });
  const { gateway, statuses } = limited;
  const waiting = [gateway.fetch("/wait"), gateway.fetch("/wait")];
  while (holders.length < 2) await new Promise((resolve) => setImmediate(resolve));
  t.same(await statuses(3, {}, "/now"), [429, 429, 429]);
  for (const release of holders) release();
  for (const response of await Promise.all(waiting)) t.equal(await response.text(), "late");
  for (let turn = 0; turn < 3; turn++) t.equal(await (await gateway.fetch("/now")).text(), "now");
  const next = [gateway.fetch("/wait"), gateway.fetch("/wait")];
  while (holders.length < 4) await new Promise((resolve) => setImmediate(resolve));
  t.same(await statuses(1, {}, "/now"), [429], "two places, no more than before");
  for (const release of holders) release();
  for (const response of await Promise.all(next)) await response.text();
  t.same(gateway.faults, []);
});

t.test("a place is given back when the service fails or the client goes, too", async (t) => {
  let isDown = true;
  const upstream = () => (isDown ? Response.error() : new Response("here"));
  await using limited = await start([{ algorithm: "concurrency", limit: 1 }], {}, { upstream });
  t.same(await limited.statuses(3), [502, 502, 502]);
  isDown = false;
  for (let turn = 0; turn < 3; turn++) t.equal(await (await limited.gateway.fetch("/")).text(), "here");
});

onEachEngine(
  "the service says what a request did cost: negative, huge and malformed costs",
  async (t, engine) => {
    const upstream = (request: Request) => {
      const said = new URL(request.url).searchParams.get("cost");
      return new Response("", { headers: said === null ? {} : { "x-cost": said } });
    };
    const limits = [{ limit: 100, costHeader: "x-cost", mostCost: 60 }];
    await using limited = await start(limits, {}, { engine, upstream });
    const { gateway } = limited;
    const left = async (query: string) => {
      const response = await gateway.fetch(`/${query}`);
      t.notOk(response.headers.has("x-cost"), "clients do not see it");
      return Number(/r=(\d+)/.exec(response.headers.get("ratelimit") ?? "")?.[1]);
    };
    t.equal(await left("?cost=10"), 99);
    t.equal(await left(""), 89);
    t.equal(await left("?cost=-1000"), 88);
    t.equal(await left("?cost=NaN"), 87);
    t.equal(await left("?cost=0"), 86);
    t.equal(await left("?cost=999999"), 85);
    t.equal(await left(""), 25, "counted as 60");
    t.equal(gateway.metrics.counter("bad_cost_default"), 2);
    t.equal((await gateway.fetch("/?cost=60")).status, 200);
    t.equal((await gateway.fetch("/")).headers.get("retry-after"), "22", "it owes 36 of 100 a minute");
    t.same(gateway.faults, []);
  },
);

t.test("a fixed cost, and one beyond the limit, which no waiting helps", async (t) => {
  await using limited = await start([{ limit: 10, cost: 4 }]);
  t.same(await limited.statuses(3), [200, 200, 429]);
  await using never = await start([{ limit: 3, cost: 4 }]);
  const refused = await never.gateway.fetch("/");
  t.equal(refused.status, 429);
  t.notOk(refused.headers.has("retry-after"));
});

t.test("a dry run counts and tells, and refuses nothing", async (t) => {
  await using limited = await start([
    { name: "trial", limit: 1, dryRun: true },
    { name: "real", limit: 4 },
  ]);
  t.same(await limited.statuses(5), [200, 200, 200, 200, 429]);
  t.equal(limited.gateway.metrics.counter("would_refuse_trial"), 4);
  t.equal(limited.gateway.metrics.counter("refused_trial"), 0);
  t.match(limited.gateway.log[0], { level: "info", message: "limit trial would refuse this" });
});

t.test("who is exempt is not limited and not counted", async (t) => {
  const rules = {
    limits: [{ limit: 1 }],
    exempt: { addresses: ["127.0.0.0/8"], subjects: ["probe"], groups: ["staff"] },
  };
  await using local = await start([], {}, { plugins: [[plugin, rules]] });
  t.same(await local.statuses(3), [200, 200, 200]);
  const plugins = [identifying, [plugin, rules]] as const;
  await using remote = await start([], {}, { plugins, client: "192.0.2.1" });
  t.same(await remote.statuses(3, { "x-user": "probe" }), [200, 200, 200]);
  t.same(await remote.statuses(3, { "x-user": "ann", "x-groups": "a,staff" }), [200, 200, 200]);
  t.same(await remote.statuses(2, { "x-user": "ann" }), [200, 429]);
});

t.test("keys: a header, the route, the host, the method, all of them, or one for all", async (t) => {
  await using header = await start([{ limit: 1, key: ["header:X-Api-Key"] }]);
  t.same(await header.statuses(2, { "x-api-key": "a" }), [200, 429]);
  t.same(await header.statuses(2, { "x-api-key": "b" }), [200, 429]);
  t.same(await header.statuses(2), [200, 429], "who has none is limited by address");
  t.same(await header.statuses(1, { "x-api-key": "@127.0.0.1" }), [200], "no header takes its place");
  await using skipping = await start([{ limit: 1, key: ["header:x-api-key"], missing: "skip" }]);
  t.same(await skipping.statuses(3), [200, 200, 200]);
  t.same(await skipping.statuses(2, { "x-api-key": "a" }), [200, 429]);
  await using all = await start([{ limit: 1, key: [] }]);
  t.same(await all.statuses(2), [200, 429]);
  await using several = await start([{ limit: 1, key: ["method", "host", "route", "identity"] }]);
  t.same(await several.statuses(2), [200, 429]);
  t.equal((await several.gateway.fetch("/", { method: "POST" })).status, 200);
  t.equal((await several.gateway.fetch("http://other/")).status, 200);
  t.equal((await several.gateway.fetch("http://OTHER/a?b")).status, 429);
});

t.test("attack: a limit of a host is passed by with ports that lead to the same route", async (t) => {
  const byHost = [{ expression: "request.host" }, ["host"]];
  for (const key of byHost) {
    await using limited = await start([{ limit: 1, key }]);
    const statuses: number[] = [];
    for (const host of ["a.test", "a.test:80", "a.test:8080", "A.Test:1"])
      statuses.push((await limited.gateway.fetch(`http://x/`, { headers: { host } })).status);
    t.same(statuses, [200, 429, 429, 429], JSON.stringify(key));
  }
});

t.test("keys that run into each other when they are joined are different", async (t) => {
  await using limited = await start([{ limit: 1, key: ["header:a", "header:b"] }]);
  const pairs = [
    ["1", "23"],
    ["12", "3"],
    ["123", ""],
    ["1:=2", "3"],
    ["1", "2:=3"],
  ];
  for (const [a = "", b = ""] of pairs) t.same(await limited.statuses(1, { a, b }), [200], `${a} and ${b}`);
});

t.test("fields only where a request is refused, or never", async (t) => {
  await using refused = await start([{ limit: 1 }], { fields: "refused" });
  t.notOk((await refused.gateway.fetch("/")).headers.has("ratelimit"));
  t.ok((await refused.gateway.fetch("/")).headers.has("ratelimit"));
  await using never = await start([{ limit: 1 }], { fields: "never" });
  await never.statuses(1);
  const response = await never.gateway.fetch("/");
  t.equal(response.status, 429);
  t.notOk(response.headers.has("ratelimit") || response.headers.has("ratelimit-policy"));
  t.ok(response.headers.has("retry-after"));
});

onEachEngine("a place is given back whose client goes after a reload", async (t, engine) => {
  const held = Promise.withResolvers<Response>();
  const asked = Promise.withResolvers<void>();
  const upstream = (request: Request) => {
    if (!request.url.endsWith("/held")) return new Response("here");
    asked.resolve();
    return held.promise;
  };
  const limits = [{ algorithm: "concurrency", limit: 1 }];
  await using limited = await start(limits, {}, { upstream, engine });
  const { gateway, statuses } = limited;
  const leaves = new AbortController();
  const left = gateway.fetch("/held", { signal: leaves.signal });
  await asked.promise;
  await gateway.reload([[plugin, { limits, fields: "never" }]]);
  t.same(await statuses(1), [429]);
  leaves.abort();
  await t.rejects(left);
  await until(async () => (await statuses(1))[0] === 200);
  held.resolve(new Response("for nobody"));
});

t.test("a reload forgets nothing, and a limit with other numbers begins anew", async (t) => {
  await using limited = await start([{ limit: 2 }]);
  t.same(await limited.statuses(2), [200, 200]);
  await limited.gateway.reload([[plugin, { limits: [{ limit: 2 }], fields: "never" }]]);
  t.same(await limited.statuses(1), [429]);
  await limited.gateway.reload([[plugin, { limits: [{ limit: 3 }] }]]);
  t.same(await limited.statuses(4), [200, 200, 200, 429]);
});

onEachEngine("a config that cannot be followed is refused when it is loaded", async (t, engine) => {
  const refused = (config: object, message: RegExp) =>
    t.rejects(testGateway({ plugins: [[plugin, config]], engine }), { message }, JSON.stringify(config));
  await refused({}, /limits/);
  await refused({ limits: [] }, /limits/);
  await refused({ limits: [{ limit: 0 }] }, /limit/);
  await refused({ limits: [{ limit: 1, cost: -1 }] }, /cost/);
  await refused({ limits: [{ limit: 1, cost: 0 }] }, /cost/);
  await refused({ limits: [{ limit: 1, key: ["adress"] }] }, /key\/0 must match/);
  await refused({ limits: [{ limit: 1, key: ["header:a b"] }] }, /key\/0 must match/);
  for (const expression of ["request.hots", "request.host ==", "1", "request.headers", "host"])
    await refused({ limits: [{ limit: 1, key: { expression } }] }, /the expression/);
  await refused({ limits: [{ limit: 1, key: {} }] }, /expression/);
  await refused(
    { limits: [{ limit: 1, algorithm: "leaky" }] },
    /algorithm .*: token-bucket, sliding-window, /,
  );
  await refused({ limits: [{ limit: 1, key: ["function"] }] }, /there is no function/);
  await refused({ limits: [{ limit: 1, name: 'a"b' }] }, /name must match/);
  await refused({ limits: [{ limit: 1 }, { limit: 2 }] }, /different names/);
  await refused({ limits: [{ limit: 1, burst: 1_000_000 }] }, /90 days/);
  await refused({ limits: [{ limit: 1, algorithm: "concurrency", costHeader: "x" }] }, /costHeader/);
  await refused({ limits: [{ limit: 1 }], exempt: { addresses: ["10.0.0.0/99"] } }, /exempt\.addresses/);
});

for (const engine of [undefined, "quickjs"] as const) {
  t.test(`on real sockets, engine: ${engine ?? "its own"}`, async (t) => {
    const service = await startUpstream(t, () => ok("here", 'RateLimit: "own";r=5'));
    const uses = [{ plugin, config: { limits: [{ name: "all", limit: 2 }] } }];
    const { ask } = await startBuiltInGateway(t, service.address, uses, engine && { engine });
    const first = await ask(get("/"));
    t.equal(first.status, 200);
    t.equal(field(first, "ratelimit"), '"own";r=5, "all";r=1;t=30', "what the service says stays");
    await ask(get("/"));
    const refused = await ask(get("/"));
    t.equal(refused.status, 429);
    t.equal(field(refused, "retry-after"), "30");
  });
}

t.test("X-Forwarded-For forged behind an untrusted peer is no way around a limit", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const uses = [{ plugin, config: { limits: [{ limit: 2 }] } }];
  const stranger = await startBuiltInGateway(t, service.address, uses);
  const statuses: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const fields = [`X-Forwarded-For: 203.0.113.${turn}`, `Forwarded: for=203.0.113.${turn}`];
    statuses.push((await stranger.ask(get("/", ...fields))).status);
  }
  t.same(statuses, [200, 200, 429, 429]);

  const settings = { forwarding: { trustedProxies: ["127.0.0.0/8"] } };
  const trusting = await startBuiltInGateway(t, service.address, uses, settings);
  const from = async (hops: string) => (await trusting.ask(get("/", `X-Forwarded-For: ${hops}`))).status;
  t.same(
    [await from("203.0.113.1"), await from("6.6.6.6, 203.0.113.1"), await from("7.7.7.7, 203.0.113.1")],
    [200, 200, 429],
  );
  t.same(
    [await from("2001:db8::1"), await from("2001:DB8:0::2"), await from("2001:db8:0:0:9::3")],
    [200, 200, 429],
  );
  t.equal(await from("2001:db8:0:1::1"), 200);
});
