/** What a gateway takes while its event loop is behind. */
import t, { type Test } from "tap";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { field } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

/** Keeps this thread busy, with a short pause now and then, until the test ends or it is told. */
function keepBusy(t: Test, ms: number): () => void {
  const timer = setInterval(() => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }, 20);
  const stop = () => clearInterval(timer);
  t.teardown(stop);
  return stop;
}

async function start(t: Test) {
  const upstream = await startUpstream(t, () => ok("served"));
  const shedding = { begins: 10, full: 40 };
  return startGateway(t, upstream.address, { shedding, route: { priority: 3 } });
}

t.test("requests are refused while the event loop is behind, and taken again when it is not", async (t) => {
  const proxy = await start(t);
  t.equal((await proxy.ask(get())).status, 200, "before");
  const stop = keepBusy(t, 60);
  await until(async () => (await proxy.ask(get())).status === 503);
  const refused = await proxy.ask(get());
  t.match(refused, { status: 503, body: /"code":"overloaded"/ });
  t.match(field(refused, "retry-after"), /^[1-9]$/);
  t.match(field(refused, "proxy-status"), /error=http_request_denied; details="overloaded"/);
  t.equal(field(refused, "connection"), null, "the connection goes on");
  stop();
  await until(async () => (await proxy.ask(get())).status === 200);
  t.notOk(
    proxy.log.lines.some((line) => line.startsWith("error")),
    "nobody is woken for it",
  );
});
