/** The time that is left of a request: who is told, and who is believed. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { DeadlineHeader, RouteConfig } from "../../core/config/model.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { type Answer, ok } from "../support/raw-upstream.ts";
import { answerOf, type CountingUpstream, isSilent, retrying, startCounting } from "../upstream/endpoints.ts";

const name = "x-time-left";

async function start(
  t: Test,
  deadlineHeader: Partial<DeadlineHeader> | null,
  route: Partial<RouteConfig> = {},
  { answer = () => ok("fine"), trusts = false }: { answer?: Answer; trusts?: boolean } = {},
): Promise<{ upstream: CountingUpstream; proxy: TestGateway; said(n?: number): number }> {
  const upstream = await startCounting(t, answer);
  const proxy = await startGateway(t, upstream.address, {
    clusterTimeouts: { responseHead: 30_000 },
    forwarding: { trustedProxies: trusts ? ["127.0.0.0/8"] : [] },
    route: {
      deadlineHeader: deadlineHeader === null ? null : { name, from: "nobody", ...deadlineHeader },
      ...route,
    },
  });
  return { upstream, proxy, said: (n = -1) => Number(field(upstream.requests.at(n)!, name)) };
}

function isAbout(t: Test, found: number, wanted: number): void {
  t.ok(found <= wanted && found > wanted - 100, `${found} of ${wanted} ms`);
}

t.test("an endpoint is told the least of the times that its answer has", async (t) => {
  for (const [route, wanted] of [
    [{}, 30_000],
    [{ timeout: 5000 }, 5000],
    [{ timeout: 5000, retry: retrying({ perTry: 2000 }) }, 2000],
    [{ timeout: 1000, retry: retrying({ perTry: 2000 }) }, 1000],
  ] as const) {
    const { proxy, said } = await start(t, {}, route);
    t.equal((await proxy.ask(get())).status, 200);
    isAbout(t, said(), wanted);
  }
});

t.test("with each attempt there is less of it", async (t) => {
  const { proxy, upstream, said } = await start(
    t,
    {},
    { timeout: 5000, retry: retrying() },
    { answer: () => sleep(100, answerOf(503)) },
  );
  t.equal((await proxy.ask(get())).status, 503);
  t.equal(upstream.requests.length, 3);
  const [first, second, third] = [said(0), said(1), said(2)];
  t.ok(first > second + 90 && second > third + 90, `${first}, ${second}, ${third} ms`);
});

t.test("what a client says goes no further, however it is written", async (t) => {
  const { proxy, upstream, said } = await start(t, {}, { timeout: 5000 });
  for (const fields of [
    [`${name}: 999999`],
    ["X-Time-Left: 999999", "x-TIME-left: 1"],
    ["X-Time-Left: 999999", "Connection: close, X-Time-Left"],
  ]) {
    t.equal((await proxy.ask(get("/", ...fields))).status, 200);
    isAbout(t, said(), 5000);
    const lines = upstream.requests.at(-1)!.fields.filter(([found]) => found.toLowerCase() === name);
    t.equal(lines.length, 1);
  }
});

t.test("a route that tells nothing lets it pass", async (t) => {
  const { proxy, said } = await start(t, null, { timeout: 5000 });
  await proxy.ask(get("/", `${name}: 7`));
  t.equal(said(), 7);
});

t.test("what is left by one who is believed counts, if it is less", async (t) => {
  for (const [from, trusts, text, wanted] of [
    ["trusted", true, "700", 700],
    ["trusted", true, "9000", 5000],
    ["trusted", false, "700", 5000],
    ["anyone", false, "700", 700],
    ["nobody", true, "700", 5000],
    ["trusted", true, "7e2", 5000],
    ["trusted", true, "-1", 5000],
  ] as const) {
    const { proxy, said } = await start(t, { from }, { timeout: 5000 }, { trusts });
    t.equal((await proxy.ask(get("/", `${name}: ${text}`))).status, 200);
    isAbout(t, said(), wanted);
  }
});

t.test("two that differ are none", async (t) => {
  const { proxy, said } = await start(t, { from: "anyone" }, { timeout: 5000 });
  await proxy.ask(get("/", `${name}: 700`, `${name}: 800`));
  isAbout(t, said(), 5000);
});

t.test("a field that Connection names away is not believed", async (t) => {
  const { proxy, said } = await start(t, { from: "anyone" }, { timeout: 5000 });
  await proxy.ask(get("/", `${name}: 700`, `Connection: ${name}`));
  isAbout(t, said(), 5000);
});

t.test("the request ends when the time that was left is over", async (t) => {
  const { proxy } = await start(t, { from: "anyone" }, {}, { answer: isSilent });
  const begin = performance.now();
  const response = await proxy.ask(get("/", `${name}: 200`));
  const took = performance.now() - begin;
  t.match(response, { status: 504, body: /deadline_exceeded/ });
  t.ok(took >= 195 && took < 1000, `after ${took} ms`);
});

t.test("a request without any time left is not sent", async (t) => {
  const { proxy, upstream } = await start(t, { from: "anyone" });
  t.match(await proxy.ask(get("/", `${name}: 0`)), { status: 504, body: /deadline_exceeded/ });
  t.equal(upstream.requests.length, 0);
});
