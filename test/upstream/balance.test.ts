import t, { type Test } from "tap";
import type { ClusterConfig } from "../../core/config/model.ts";
import { get, startGateway } from "../support/gateway.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

/** Asks `count` times, one after another, and tells which endpoint answered each. */
async function answeredBy(t: Test, weights: readonly number[], count: number): Promise<string> {
  const upstreams = await Promise.all(weights.map((_, i) => startUpstream(t, () => ok(`${i}`))));
  const endpoints = upstreams.map(({ address }, i) => ({
    address,
    weight: weights[i]!,
    zone: null,
    priority: 0,
    authority: "a",
  }));
  const cluster: Partial<ClusterConfig> = { endpoints };
  const proxy = await startGateway(t, upstreams[0]!.address, { cluster });
  let answers = "";
  for (let i = 0; i < count; i++) answers += (await proxy.ask(get())).body;
  return answers;
}

t.test("round robin asks each endpoint in turn", async (t) => {
  t.equal(await answeredBy(t, [1, 1, 1], 9), "012012012");
});

t.test("weighted round robin spreads the shares over the cycle", async (t) => {
  t.equal(await answeredBy(t, [3, 1], 8), "00100010");
  t.equal(await answeredBy(t, [5, 1, 1], 7), "0010200");
});

t.test("least requests keeps away from an endpoint that is slow", async (t) => {
  const slow = await startUpstream(t);
  const fast = await startUpstream(t, () => ok("fast"));
  const proxy = await startGateway(t, [slow.address, fast.address], {
    cluster: { balance: "least-requests" },
  });
  const [slowEndpoint] = proxy.gateway.generation.clusters.get("upstream")!.endpoints;
  const reached = slow.connection();
  // While both are free either may be drawn.
  while (slowEndpoint!.inFlight === 0) {
    const client = await proxy.connect();
    client.write(get());
    await Promise.race([reached, client.take("fast")]);
  }
  for (let i = 0; i < 50; i++) t.equal((await proxy.ask(get())).body, "fast");
});
