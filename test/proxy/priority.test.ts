/** How important a request is, by the word of its route or of a header. */
import t, { type Test } from "tap";
import type { PriorityHeader, RouteConfig } from "../../core/config/model.ts";
import { withPriority } from "../../core/proxy/request/priority.ts";
import { until } from "../net/until.ts";
import { type GatewaySettings, get, startGateway } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { ok } from "../support/raw-upstream.ts";
import { startCounting } from "../upstream/endpoints.ts";

const header: PriorityHeader = { name: "x-priority", fromAnyone: false };
const trusting: GatewaySettings = { forwarding: { trustedProxies: ["127.0.0.1"] } };

/** A gateway whose cluster has ten places, and an endpoint that shows what it was told. */
async function start(t: Test, route: Partial<RouteConfig>, settings: GatewaySettings = {}) {
  const upstream = await startCounting(t, () => ok());
  const concurrency = { least: 10, most: 10, tolerance: 2 };
  const proxy = await startGateway(t, upstream.address, { ...settings, route, cluster: { concurrency } });
  const told = async (...fields: string[]) => {
    t.equal((await proxy.ask(get("/", ...fields))).status, 200);
    return field(upstream.requests.at(-1)!, "x-priority");
  };
  return { proxy, upstream, told };
}

t.test("a trusted proxy says how important a request is", async (t) => {
  const { told } = await start(t, { priority: 2, priorityHeader: header }, trusting);
  t.equal(await told("X-Priority: 0"), "0");
  t.equal(await told("x-PRIORITY: 3"), "3");
  t.equal(await told(), "2", "without the field it is the route's");
  for (const text of ["", "4", "-1", "high", "0, 0", "00", "1.0"]) {
    t.equal(await told(`X-Priority: ${text}`), "2", `${JSON.stringify(text)} is none`);
  }
  t.equal(await told("X-Priority: 0", "X-Priority: 0"), "2", "and two are none");
});

t.test("a client cannot make itself more important, here or behind the next proxy", async (t) => {
  const { told } = await start(t, { priority: 2, priorityHeader: header });
  t.equal(await told("X-Priority: 0"), "2");
  t.equal(await told("X-Priority: 1", "Connection: X-Priority"), "2", "nor by naming the field for this hop");
  t.equal(await told("X-Priority: 3"), "3", "less important it may be");
});

t.test("any client may, where the operator says so", async (t) => {
  const { told } = await start(t, { priority: 2, priorityHeader: { ...header, fromAnyone: true } });
  t.equal(await told("X-Priority: 0"), "0");
});

t.test("without a header to believe the field is none of the proxy's business", async (t) => {
  const { told } = await start(t, { priority: 2 }, trusting);
  t.equal(await told("X-Priority: 0"), "0");
  t.equal(await told(), null);
});

t.test("less important requests find fewer places at a cluster", async (t) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const upstream = await startCounting(t, () => released.then(() => ok()));
  const proxy = await startGateway(t, upstream.address, {
    ...trusting,
    route: { priority: 1, priorityHeader: header },
    cluster: { concurrency: { least: 10, most: 10, tolerance: 2 } },
  });
  const answers: Promise<unknown>[] = [];
  const fill = async (priority: number, places: number) => {
    answers.push(proxy.ask(get("/", `X-Priority: ${priority}`)));
    await until(() => upstream.requests.length === places);
  };
  const isRefused = async (priority: number) =>
    (await proxy.ask(get("/", `X-Priority: ${priority}`))).status === 503;
  for (let places = 1; places <= 7; places++) await fill(3, places);
  t.ok(await isRefused(3), "seven of ten places are open to 3");
  await fill(2, 8);
  t.ok(await isRefused(2));
  await fill(1, 9);
  t.ok(await isRefused(1));
  await fill(0, 10);
  t.ok(await isRefused(0), "all ten are taken");
  t.same(
    proxy.metrics.snapshot().clusters[0]!.refused.map(({ priority, count }) => [priority, count]),
    [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
    ],
  );
  release();
  await Promise.all(answers);
});

t.test("the field of a head is replaced, wherever and however often it stands", async (t) => {
  const head = (...lines: string[]) => `${["GET / HTTP/1.1", ...lines].join("\r\n")}\r\n\r\n`;
  t.equal(withPriority(head("Host: a"), "x-p", 1), head("Host: a", "x-p: 1"));
  t.equal(
    withPriority(head("X-P: 0", "Host: a", "x-p:3", "X-Pq: 1", "A: x-p: 1"), "x-p", 2),
    head("Host: a", "X-Pq: 1", "A: x-p: 1", "x-p: 2"),
  );
});
