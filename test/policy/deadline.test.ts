/** One time for a request: its policies have no more of it than its attempts. */
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { Config, RouteConfig } from "../../core/config/model.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { field } from "../support/message.ts";
import { startPolicyGateway } from "../support/policies.ts";
import { ok } from "../support/raw-upstream.ts";
import { startCounting } from "../upstream/endpoints.ts";

t.teardown(stopBundler);

const plugin = (members: string) => ({ "p.ts": `export default { ${members} };` });
const left = "String(Math.round(ctx.deadline - performance.now()))";

t.test("a phase that is at work when the time is over ends with it", async (t) => {
  for (const phase of ["onRequest(m)", "onUpstream(m)", "onResponse(m)"]) {
    const upstream = await startCounting(t, () => ok());
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: plugin(`onFailure: "open", async ${phase} { await new Promise(() => {}); }`),
      clusterTimeouts: { poolIdle: 100 },
      route: { timeout: 200 },
    });
    const begin = performance.now();
    const response = await gateway.ask(get());
    const took = performance.now() - begin;
    t.match(response, { status: 504, body: /deadline_exceeded/ }, phase);
    t.ok(took >= 195 && took < 1500, `${phase} after ${took} ms`);
    t.same(await untilNothingHeld(gateway, 3000), nothingHeld);
  }
});

t.test("what policies have taken is gone for the endpoint", async (t) => {
  const upstream = await startCounting(t, () => ok());
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugin("async onRequest() { await new Promise((done) => setTimeout(done, 300)); }"),
    route: { timeout: 3000, deadlineHeader: { name: "x-time-left", from: "nobody" } },
  });
  t.equal((await gateway.ask(get())).status, 200);
  const told = Number(field(upstream.requests[0]!, "x-time-left"));
  t.ok(told <= 2700 && told > 2000, `${told} ms`);
});

t.test("ctx.deadline is the end of the request where that comes before the end of the phase", async (t) => {
  const upstream = await startCounting(t, () => sleep(100, ok("body")));
  const plugins = plugin(`
    onRequest(request, ctx) { request.headers.set("x-left", ${left}); },
    onResponse(response, ctx) { response.headers.set("x-left", ${left}); ctx.state.late = ctx.deadline; },
    onResponseBody(chunk, ctx) { return ctx.last ? ${left} : undefined; }`);
  for (const [timeout, before, after] of [
    [2000, 2000, 1900],
    [0, 5000, 5000],
    [60_000, 5000, 5000],
  ] as const) {
    const gateway = await startPolicyGateway(t, upstream.address, { plugins, route: { timeout } });
    const response = await gateway.ask(get());
    const found = [upstream.requests.at(-1)!, response].map((message) => Number(field(message, "x-left")));
    t.ok(found[0]! <= before && found[0]! > before - 90, `${found[0]} of ${before} ms`);
    t.ok(found[1]! <= after && found[1]! > after - 500, `${found[1]} of ${after} ms`);
    const body = Number(response.body.replace("body", ""));
    t.ok(body > 4900 && body <= 5000, `${body} ms: the request was in time`);
  }
});

/** Routes `/route` and `/alias` with the times that they have, in ms, and names of plugins. */
const routed = (timeout: number, aliasTimeout: number, policies: string[], aliasPolicies: string[]) => ({
  config(base: Config): Config {
    const [route] = base.routes as [RouteConfig];
    const at = (value: string) => ({ ...route.match, path: { kind: "exact", value } as const });
    const list = (names: string[]) => names.map((plugin) => ({ plugin, config: null }));
    return {
      ...base,
      routes: [
        { ...route, name: "route", match: at("/route"), timeout, policies: list(policies) },
        {
          ...route,
          name: "alias",
          match: at("/alias"),
          timeout: aliasTimeout,
          policies: list(aliasPolicies),
        },
      ],
    };
  },
});

t.test("a request that a policy sends to another route has the time of that one", async (t) => {
  const upstream = await startCounting(t, () => sleep(900, ok("late")));
  const plugins = plugin('onRequest(r) { if (r.url.endsWith("/alias")) r.url = "/route"; }');
  for (const [timeout, aliasTimeout, status] of [
    [300, 0, 504],
    [300, 60_000, 504],
    [0, 300, 200],
    [60_000, 300, 200],
  ] as const) {
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins,
      ...routed(timeout, aliasTimeout, [], ["p"]),
    });
    for (const path of ["/route", "/alias"]) {
      const begin = performance.now();
      const response = await gateway.ask(get(path));
      const took = performance.now() - begin;
      t.equal(response.status, status, `${path}: ${timeout} ms, not ${aliasTimeout} ms`);
      if (status === 504) t.ok(took >= 295 && took < 850, `${path} after ${took} ms`);
    }
  }
});

t.test("the time of another route counts from the start of the request, also for its policies", async (t) => {
  const upstream = await startCounting(t, () => new Promise<string>(() => {}));
  const plugins = {
    "a.ts": `export default {
      async onRequest(r) {
        if (!r.url.endsWith("/alias")) return;
        await new Promise((done) => setTimeout(done, 400));
        r.url = "/route";
      },
    };`,
    "b.ts": "export default { onRequest() {} };",
    "c.ts": `export default { onRequest(_, ctx) { console.log(ctx.route.name + " " + ${left}); } };`,
  };
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins,
    ...routed(800, 3000, ["c"], ["a", "b"]),
  });
  const begin = performance.now();
  t.match(await gateway.ask(get("/alias")), { status: 504, body: /deadline_exceeded/ });
  const took = performance.now() - begin;
  t.ok(took >= 795 && took < 1150, `${took} ms`);
  const [name, time] = gateway.lines[0]!.message.split(" ");
  t.equal(name, "route");
  t.ok(Number(time) <= 400 && Number(time) > 100, `${time} ms`);
  t.same(await untilNothingHeld(gateway, 3000), nothingHeld);
});

t.test("ctx.signal aborts when the time of the request is over", async (t) => {
  const upstream = await startCounting(t, () => ok());
  const gateway = await startPolicyGateway(t, upstream.address, {
    plugins: plugin(`async onRequest(request, ctx) {
      await new Promise((done) => ctx.signal.addEventListener("abort", done));
      ctx.log.info("aborted " + ctx.signal.reason.name);
    }`),
    route: { timeout: 200 },
  });
  t.equal((await gateway.ask(get())).status, 504);
  await until(() => gateway.log.lines.some((line) => line.includes("aborted AbortError")));
});

t.test(
  "a handler's own deadline counts where that of its phase has passed as well, while the process stood still",
  async (t) => {
    const upstream = await startCounting(t, () => ok());
    const gateway = await startPolicyGateway(t, upstream.address, {
      plugins: plugin(
        "async onRequest() { await new Promise((done) => setTimeout(done, 150)); return new Response(null, { status: 503 }); }",
      ),
      settings: { p: { limits: { wall: 160 } } },
    });
    for (let turn = 0; turn < 5; turn++) {
      const answered = gateway.ask(get());
      await sleep(130 + turn * 2);
      for (const began = performance.now(); performance.now() - began < 105; );
      t.equal((await answered).status, 503);
    }
  },
);
