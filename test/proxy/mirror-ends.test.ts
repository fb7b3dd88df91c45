/** What becomes of copies when the proxy changes or ends. */
import t, { type Test } from "tap";
import type { Exchange } from "../../core/proxy/exchange.ts";
import { type Mirror, RequestCopy } from "../../core/proxy/mirror.ts";
import { RequestBody } from "../../core/proxy/request/body.ts";
import { until } from "../net/until.ts";
import { get } from "../support/gateway.ts";
import { untilNothingHeld } from "../support/holdings.ts";
import { readMessage } from "../support/message.ts";
import { Random } from "../support/random.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";
import { startCounting } from "../upstream/endpoints.ts";
import { startMirrored } from "./mirrors.ts";

/** A gateway with a copy under way. */
async function underWay(t: Test) {
  const main = await startCounting(t, () => ok("real"));
  const copies = await startUpstream(t);
  const proxy = await startMirrored(t, main.address, copies.address, { timeout: 60_000 });
  t.match(await proxy.ask(get()), { body: "real" });
  const { peer } = await copies.request();
  return { proxy, peer };
}

t.test("a proxy that drains does not wait for copies, and leaves none behind", async (t) => {
  const { proxy, peer } = await underWay(t);
  const begin = performance.now();
  await proxy.gateway.drain();
  t.ok(performance.now() - begin < 5000);
  await peer.ended();
  t.match(await untilNothingHeld(proxy, 2000), {
    endpointRequests: 0,
    upstreamConnections: 0,
    pending: 0,
    timers: 0,
  });
  t.same(proxy.counted().failed, [], "which is no failure of the mirror");
});

t.test("a copy outlives the config that it was made by", async (t) => {
  const { proxy, peer } = await underWay(t);
  const { config } = proxy.gateway.generation;
  const routes = config.routes.map((route) => ({ ...route, mirror: [] }));
  await proxy.gateway.apply({ ...config, clusters: config.clusters.slice(0, 1), routes });
  t.equal(proxy.gateway.generation.routes[0]!.mirrors, null);
  t.match(await proxy.ask(get()), { body: "real" });
  peer.write(ok());
  await peer.ended();
  await until(() => proxy.connections().open === 0);
  t.same(proxy.counted(), { sent: 1, dropped: [], failed: [] });
});

t.test("a mirror that is added gets copies of the requests from then on", async (t) => {
  const main = await startCounting(t, () => ok("real"));
  const copies = await startCounting(t, () => ok());
  const proxy = await startMirrored(t, main.address, copies.address);
  const { config } = proxy.gateway.generation;
  await proxy.gateway.apply({ ...config, routes: config.routes.map((route) => ({ ...route, mirror: [] })) });
  const client = await proxy.connect();
  client.write(get("/before"));
  await readMessage(client);
  await proxy.gateway.apply(config);
  client.write(get("/after"));
  await readMessage(client);
  await until(() => copies.requests.length > 0);
  t.match(
    copies.requests.map(({ startLine }) => startLine),
    ["GET /after HTTP/1.1"],
  );
});

t.test("each mirror gets its own share of the requests", async (t) => {
  const random = new Random(11);
  const requests = 100_000;
  const shares = [0, 0.1, 0.5, 1];
  const admitted = shares.map(() => 0);
  const mirrors = shares.map((share, index) => ({
    config: { share, maxBody: 0 },
    admit: () => {
      admitted[index]!++;
      return null;
    },
  }));
  const exchange = {
    method: "GET",
    policies: null,
    head: { contentLength: 0 },
    requestBody: new RequestBody(),
  };
  for (let n = 0; n < requests; n++) {
    new RequestCopy(exchange as unknown as Exchange, mirrors as unknown as Mirror[], "\r\n", () =>
      random.next(),
    );
  }
  for (const [index, share] of shares.entries()) {
    t.ok(Math.abs(admitted[index]! / requests - share) < 0.02, `${share}: ${admitted[index]}`);
  }
  t.same([admitted[0], admitted[3]], [0, requests], "none and all exactly");
});
