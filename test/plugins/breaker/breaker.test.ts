import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { type TestGateway, type TestGatewayOptions, testGateway } from "../../../core/testing/index.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

const quick = { minimumCalls: 4, jitter: 0, openTime: 5, probes: 2 };

interface Service {
  isDown: boolean;
  asked: number;
}

/** A gateway whose clock stands still, with a breaker before a service that can be put out of order. */
async function start(config: object, options: Partial<TestGatewayOptions> = {}) {
  const service: Service = { isDown: false, asked: 0 };
  const gateway = await testGateway({
    plugins: [["breaker", { ...quick, ...config }]],
    clock: "stopped",
    upstream() {
      service.asked++;
      return service.isDown ? Response.error() : new Response("service");
    },
    ...options,
  });
  // A POST is tried once.
  const ask = (path = "/") => gateway.fetch(path, { method: "POST" });
  const statuses = async (count: number) => {
    const found: number[] = [];
    for (let turn = 0; turn < count; turn++) found.push((await ask()).status);
    return found;
  };
  return { gateway, service, ask, statuses, [Symbol.asyncDispose]: () => gateway.close() };
}

const stateLines = ({ log }: TestGateway) =>
  log.map(({ level, fields }) => `${level} ${fields["circuit"]} ${fields["state"]}`);

onEachEngine("it opens, refuses, is tried and closes again", async (t, engine) => {
  await using breaker = await start({}, { engine });
  const { gateway, service, ask, statuses } = breaker;
  service.isDown = true;
  t.equal(gateway.metrics.gauge("state_upstream"), null);
  t.same(await statuses(4), [502, 502, 502, 502]);
  t.equal(gateway.metrics.gauge("state_upstream"), 2);
  const response = await ask("/");
  t.equal(response.status, 503);
  t.equal(response.headers.get("retry-after"), "5");
  t.equal(
    response.headers.get("proxy-status"),
    'sluice; error=destination_unavailable; details="circuit_open"',
  );
  t.match(await response.json(), { status: 503, code: "circuit_open" });
  t.equal(service.asked, 4, "nobody was asked");

  await gateway.clock.advance(5000);
  service.isDown = false;
  t.same(await statuses(1), [200]);
  t.equal(gateway.metrics.gauge("state_upstream"), 1);
  t.same(await statuses(2), [200, 200]);
  t.equal(gateway.metrics.gauge("state_upstream"), 0);
  t.same(stateLines(gateway), ["warn upstream open", "info upstream half-open", "info upstream closed"]);
  t.match(gateway.log[0], { message: "circuit upstream is open for 5 s: 100 % of 4 failed" });
  t.equal(gateway.metrics.counter("opened_upstream"), 1);
  t.equal(gateway.metrics.counter("closed_upstream"), 1);
  t.equal(gateway.metrics.counter("refused_upstream"), 1);
  t.same(gateway.faults, []);
});

t.test("opened less closed tells whether it is closed, however often it was tried between", async (t) => {
  await using breaker = await start({ openGrowth: 1 });
  const { gateway, service, statuses } = breaker;
  const state = () => gateway.metrics.counter("opened_upstream") - gateway.metrics.counter("closed_upstream");
  for (let round = 0; round < 2; round++) {
    t.equal(state(), 0);
    service.isDown = true;
    // What went well before is out of the window.
    await gateway.clock.advance(20_000);
    await statuses(4);
    t.equal(state(), 1);
    for (let turn = 0; turn < 3; turn++) {
      await gateway.clock.advance(5000);
      t.same(await statuses(1), [502]);
      t.equal(state(), 1);
    }
    await gateway.clock.advance(5000);
    service.isDown = false;
    await statuses(2);
  }
  t.equal(state(), 0);
  t.equal(gateway.metrics.counter("reopened_upstream"), 6);
});

t.test("statuses of the service are failures if the config says so", async (t) => {
  let status = 503;
  const upstream = () => new Response("x", { status });
  await using breaker = await start({ failures: [503] }, { upstream });
  status = 500;
  t.same(await breaker.statuses(8), Array(8).fill(500));
  status = 503;
  t.same(await breaker.statuses(9), [...Array(8).fill(503), 503]);
  t.equal(breaker.gateway.metrics.counter("refused_upstream"), 1);
});

t.test("slow answers open it", async (t) => {
  const holder: { gateway: TestGateway | null } = { gateway: null };
  const upstream = async () => {
    await holder.gateway!.clock.advance(1000);
    return new Response("late");
  };
  await using breaker = await start({ slowTime: 1, slowRate: 50 }, { upstream });
  holder.gateway = breaker.gateway;
  t.same(await breaker.statuses(5), [200, 200, 200, 200, 503]);
  t.match(breaker.gateway.log, [{ message: /100 % of 4 slow/ }]);
});

t.test("each attempt of a request that is retried counts", async (t) => {
  await using breaker = await start({});
  const { gateway, service } = breaker;
  service.isDown = true;
  t.equal((await gateway.fetch("/")).status, 502);
  t.equal(service.asked, 3);
  t.equal((await gateway.fetch("/")).status, 502);
  t.match(gateway.log, [{ message: /100 % of 4 failed/ }]);
  t.equal((await gateway.fetch("/")).status, 503);
});

t.test("an attempt whose circuit opened before it goes to the other cluster", async (t) => {
  const clusters = { backup: () => new Response("backup") };
  await using breaker = await start({ minimumCalls: 2, fallback: { cluster: "backup" } }, { clusters });
  breaker.service.isDown = true;
  t.equal(await (await breaker.gateway.fetch("/")).text(), "backup");
  t.equal(breaker.service.asked, 2);
});

t.test("a reload does not close it", async (t) => {
  await using breaker = await start({});
  breaker.service.isDown = true;
  await breaker.statuses(4);
  await breaker.gateway.reload([["breaker", { ...quick, failureRate: 40 }]]);
  t.same(await breaker.statuses(1), [503]);
});

t.test("a policy behind it that answers itself is no result, and uses up no probe", async (t) => {
  const answering = `export default { onRequest(request) {
    if (request.url.endsWith("/own")) return new Response("own", { status: 500 });
  } };`;
  await using breaker = await start(
    {},
    { plugins: [["breaker", { ...quick, probes: 1 }], { source: answering, name: "own" }] },
  );
  const { gateway, service, ask, statuses } = breaker;
  for (let turn = 0; turn < 6; turn++) t.equal((await ask("/own")).status, 500);
  t.same(stateLines(gateway), []);
  service.isDown = true;
  await statuses(4);
  await gateway.clock.advance(5000);
  service.isDown = false;
  t.equal((await ask("/own")).status, 500);
  t.same(await statuses(2), [200, 200]);
});

t.test("while it is open another cluster answers, whose results are its own affair", async (t) => {
  let isBackupDown = false;
  const backup = () => (isBackupDown ? Response.error() : new Response("backup"));
  await using breaker = await start({ fallback: { cluster: "backup" } }, { clusters: { backup } });
  const { gateway, service, ask, statuses } = breaker;
  service.isDown = true;
  t.same(await statuses(4), [502, 502, 502, 502]);
  t.equal(await (await ask("/")).text(), "backup");
  isBackupDown = true;
  t.same(await statuses(20), Array(20).fill(502));
  isBackupDown = false;
  await gateway.clock.advance(5000);
  service.isDown = false;
  t.equal(await (await ask("/")).text(), "service");
  t.equal(await (await ask("/")).text(), "service");
  t.match(stateLines(gateway), ["warn upstream open", "info upstream half-open", "info upstream closed"]);
});

t.test("a cluster that another policy chooses has its own circuit", async (t) => {
  const choosing = `export default { onUpstream(attempt) {
    if (attempt.url.endsWith("/beta")) attempt.cluster = "beta";
  } };`;
  let asked = 0;
  const beta = () => {
    asked++;
    return Response.error();
  };
  await using breaker = await start(
    { fallback: { cluster: "spare" } },
    {
      plugins: [
        { source: choosing, name: "choosing" },
        ["breaker", { ...quick, fallback: { cluster: "spare" } }],
      ],
      clusters: { beta, spare: () => new Response("spare") },
    },
  );
  const { gateway, ask, statuses } = breaker;
  for (let turn = 0; turn < 4; turn++) t.equal((await ask("/beta")).status, 502);
  t.equal(await (await ask("/beta")).text(), "spare");
  t.equal(asked, 4);
  t.same(await statuses(2), [200, 200]);
  t.same(stateLines(gateway), ["warn beta open"]);
});

t.test("an endpoint that a policy chooses is not asked while its circuit is open", async (t) => {
  const choosing = 'export default { onUpstream(attempt) { attempt.endpoint = "upstream.test:80"; } };';
  const plugins = [
    { source: choosing, name: "choosing" },
    ["breaker", { ...quick, per: "endpoint" }],
  ] as const;
  await using breaker = await start({}, { plugins });
  breaker.service.isDown = true;
  t.same(await breaker.statuses(6), [502, 502, 502, 502, 503, 503]);
  t.equal(breaker.service.asked, 4, "the balancer had no other one");
  t.same(stateLines(breaker.gateway), ["warn upstream/upstream.test:80 open"]);
});

t.test("circuits of one name are one circuit", async (t) => {
  await using breaker = await start({ name: "database", per: "route" });
  breaker.service.isDown = true;
  await breaker.statuses(4);
  t.same(stateLines(breaker.gateway), ["warn database open"]);
});

t.test("more circuits than there may be metrics of a plugin fail no request", async (t) => {
  const choosing = `export default { onUpstream(attempt) {
    attempt.cluster = new URL(attempt.url).searchParams.get("cluster");
  } };`;
  const names = Array.from({ length: 120 }, (_, index) => `c${index}`);
  const clusters = Object.fromEntries(names.map((name) => [name, () => Response.error()]));
  const config = { ...quick, minimumCalls: 1, fallback: { cluster: "spare" } };
  await using breaker = await start(
    {},
    {
      plugins: [{ source: choosing, name: "choosing" }, ["breaker", config]],
      clusters: { ...clusters, spare: () => new Response("spare") },
    },
  );
  for (const name of names) t.equal((await breaker.ask(`/?cluster=${name}`)).status, 502);
  await breaker.gateway.clock.advance(5000);
  for (const name of names) t.equal((await breaker.ask(`/?cluster=${name}`)).status, 502);
  t.same(breaker.gateway.faults, []);
});
