import t, { type Test } from "tap";
import { defaultRetry } from "../../core/config/traffic-defaults.ts";
import type { RetryBudgetConfig } from "../../core/config/traffic-model.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const unavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

/** Both endpoints answer 503, so that every request is tried again if it may be. */
async function startFailing(t: Test, retryBudget: RetryBudgetConfig): Promise<TestGateway> {
  const upstreams = [await startUpstream(t, () => unavailable), await startUpstream(t, () => unavailable)];
  const retry = { ...defaultRetry, attempts: 1 };
  const addresses = upstreams.map(({ address }) => address);
  return startGateway(t, addresses, { cluster: { retryBudget, outlier: null }, route: { retry } });
}

function countsOf({ metrics }: TestGateway): object {
  const { retries, retriesRefused } = metrics.snapshot().clusters[0]!;
  return { retries, retriesRefused };
}

t.test("each retry is counted, and what the budget refused apart from it", async (t) => {
  // One a second, over ten seconds.
  const proxy = await startFailing(t, { ratio: 0, minimum: 1 });
  for (let i = 0; i < 13; i++) t.equal((await proxy.ask(get())).status, 503);
  t.same(countsOf(proxy), { retries: 10, retriesRefused: [{ reason: "budget", count: 3 }] });
});

t.test("what the rule does not ask for is neither a retry nor refused", async (t) => {
  const upstream = await startUpstream(t, () => ok("fine"));
  const proxy = await startGateway(t, [upstream.address], { route: { retry: defaultRetry } });
  for (let i = 0; i < 3; i++) t.equal((await proxy.ask(get())).status, 200);
  t.same(countsOf(proxy), { retries: 0, retriesRefused: [{ reason: "budget", count: 0 }] });
});
