/** Active checks decide which endpoints get requests. */
import t, { type Test } from "tap";
import type { HealthCheckConfig } from "../../core/config/traffic-model.ts";
import { createUpstreamMemory } from "../../core/upstream/services.ts";
import { until } from "../net/until.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field, type Message } from "../support/message.ts";
import { ok } from "../support/raw-upstream.ts";
import { answerOf, askTimes, refusing, sharing, startCounting } from "./endpoints.ts";

const checking: HealthCheckConfig = {
  http: { path: "/healthz", host: null, statuses: [{ from: 200, to: 299 }], body: null },
  interval: 30,
  unhealthyInterval: 30,
  jitter: 0,
  timeout: 1000,
  healthyAfter: 2,
  unhealthyAfter: 2,
};
const noPanic = { zone: null, enough: 0.7, panic: 0 };

/** An endpoint whose health the test changes. */
async function startCheckable(t: Test, name: string) {
  const state = { status: 200 };
  const checks: Message[] = [];
  const upstream = await startCounting(t, (request) => {
    if (!request.startLine.includes("/healthz")) return ok(name);
    checks.push(request);
    return answerOf(state.status);
  });
  return { state, checks, address: upstream.address };
}

/** Waits until so many requests in a row get the same answer. */
async function untilAll(proxy: TestGateway, answers: (response: Message) => boolean): Promise<void> {
  await until(async () => (await askTimes(proxy, 6)).every(answers));
}

t.test("checks turn an endpoint off and on again", async (t) => {
  const [one, two] = [await startCheckable(t, "one"), await startCheckable(t, "two")];
  const cluster = { health: checking, failover: noPanic };
  const proxy = await startGateway(t, [one.address, two.address], { cluster });
  const names = async () => new Set((await askTimes(proxy, 6)).map(({ body }) => body));
  t.same(await names(), new Set(["one", "two"]));
  one.state.status = 500;
  await untilAll(proxy, ({ body }) => body === "two");
  one.state.status = 204;
  await until(async () => (await names()).size === 2);
});

t.test("a check asks for its path and says who asks", async (t) => {
  const one = await startCheckable(t, "one");
  await startGateway(t, one.address, { cluster: { health: checking } });
  await until(() => one.checks.length > 0);
  const [check] = one.checks as [Message];
  const { port } = one.address as { port: number };
  t.equal(check.startLine, "GET /healthz HTTP/1.1");
  t.equal(field(check, "host"), `127.0.0.1:${port}`);
  t.equal(field(check, "user-agent"), "sluice-health-check");
});

t.test("when no endpoint is healthy the client gets 503 and is told so", async (t) => {
  const [one, two] = [await startCheckable(t, "one"), await startCheckable(t, "two")];
  for (const { state } of [one, two]) state.status = 503;
  const cluster = { health: checking, failover: noPanic };
  const proxy = await startGateway(t, [one.address, two.address], { cluster });
  await until(async () => (await proxy.ask(get())).status === 503);
  await untilAll(proxy, ({ status }) => status === 503);
  const response = await proxy.ask(get());
  t.match(field(response, "proxy-status"), /error=destination_unavailable; details="no_healthy_upstream"/);
  t.match(JSON.parse(response.body), { status: 503, code: "no_healthy_upstream" });
  t.match(proxy.records.at(-1), { error: "no_healthy_upstream", attempts: 0, upstream: null });
  one.state.status = 200;
  await untilAll(proxy, ({ status, body }) => status === 200 && body === "one");
});

t.test("in panic those that failed their checks are asked all the same", async (t) => {
  const [one, two] = [await startCheckable(t, "one"), await startCheckable(t, "two")];
  for (const { state } of [one, two]) state.status = 503;
  const proxy = await startGateway(t, [one.address, two.address], { cluster: { health: checking } });
  await until(() => one.checks.length >= 3 && two.checks.length >= 3);
  for (const { status } of await askTimes(proxy, 6)) t.equal(status, 200);
});

t.test("a check of the connection alone turns off an endpoint that refuses", async (t) => {
  const one = await startCheckable(t, "one");
  one.state.status = 500;
  const cluster = { health: { ...checking, http: null }, failover: noPanic, outlier: null };
  const proxy = await startGateway(t, [await refusing(), one.address], { cluster });
  await untilAll(proxy, ({ status, body }) => status === 200 && body === "one");
  t.equal(one.checks.length, 0, "nothing was asked");
});

t.test("one gateway checks for all that share its memory", async (t) => {
  const [one, two] = [await startCheckable(t, "one"), await startCheckable(t, "two")];
  one.state.status = 500;
  const memory = createUpstreamMemory();
  const settings = { cluster: { health: checking, failover: noPanic } };
  const addresses = [one.address, two.address];
  const follower = await startGateway(t, addresses, settings, sharing(memory, false));
  await new Promise((resolve) => setTimeout(resolve, 150));
  t.equal(one.checks.length, 0, "the other one does not check");
  const leader = await startGateway(t, addresses, settings, sharing(memory, true));
  await untilAll(leader, ({ body }) => body === "two");
  await untilAll(follower, ({ body }) => body === "two");
  one.state.status = 200;
  await until(async () => (await askTimes(follower, 4)).some(({ body }) => body === "one"));
});

t.test("a gateway that ended checks nothing any more", async (t) => {
  const one = await startCheckable(t, "one");
  const proxy = await startGateway(t, one.address, { cluster: { health: checking } });
  await until(() => one.checks.length >= 2);
  proxy.gateway.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = one.checks.length;
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(one.checks.length, before);
});
