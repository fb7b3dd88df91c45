/** On real sockets, before a real service that comes and goes. */
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { until } from "../../net/until.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { get } from "../../support/gateway.ts";
import { field } from "../../support/message.ts";
import { ok } from "../../support/raw-upstream.ts";
import { resets, startCounting } from "../../upstream/endpoints.ts";

t.teardown(stopBundler);

const config = { minimumCalls: 5, openTime: 0.3, openGrowth: 1, jitter: 0, probes: 2 };

t.test("a service that breaks every connection is left alone, and found again when it is back", async (t) => {
  let isThere = false;
  const service = await startCounting(t, (request, peer) => (isThere ? ok("back") : resets(request, peer)));
  const { ask, lines, counts } = await startBuiltInGateway(t, service.address, [
    { plugin: "breaker", config },
  ]);
  const failures = [];
  for (let turn = 0; turn < 5; turn++) failures.push((await ask(get())).status);
  t.same(failures, [502, 502, 502, 502, 502]);
  const refused = await ask(get());
  t.equal(refused.status, 503);
  t.equal(field(refused, "retry-after"), "1");
  t.equal(field(refused, "proxy-status"), 'sluice; error=destination_unavailable; details="circuit_open"');
  t.equal(service.requests.length, 5);

  await until(async () => (await ask(get())).status === 502);
  t.equal(service.requests.length, 6, "one probe, which was enough");
  isThere = true;
  await until(async () => (await ask(get())).body === "back");
  for (let turn = 0; turn < 5; turn++) t.equal((await ask(get())).body, "back");
  const states = lines.map(({ fields }) => (fields as { fields: { state: string } }).fields.state);
  t.same(states.slice(0, 2), ["open", "half-open"]);
  t.equal(states.at(-1), "closed");
  t.ok(counts.includes("counter breaker opened_upstream 1"));
});

t.test("a probe whose client leaves does not keep the circuit half-open", async (t) => {
  let reply: string | null = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
  const service = await startCounting(t, () => reply);
  const { ask, connect } = await startBuiltInGateway(t, service.address, [
    { plugin: "breaker", config: { ...config, consecutiveFailures: 1, probes: 1 } },
  ]);
  t.equal((await ask(get())).status, 500);
  t.equal((await ask(get())).status, 503);
  reply = null;
  let prober = await connect();
  await until(async () => {
    prober = await connect();
    prober.write(get());
    await until(() => prober.received > 0 || service.requests.length === 2);
    return service.requests.length === 2;
  });
  t.equal((await ask(get())).status, 503, "the probe is out");
  reply = ok("well");
  prober.socket.destroy();
  await until(async () => (await ask(get())).status === 200);
});
