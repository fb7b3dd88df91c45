/** An endpoint that was gone for a moment gets requests again as soon as it accepts connections. */
import { createServer } from "node:net";
import t, { type Test } from "tap";
import type { Address, ClusterConfig } from "../../core/config/model.ts";
import { defaultHealthCheck } from "../../core/config/traffic-defaults.ts";
import { createUpstreamMemory } from "../../core/upstream/services.ts";
import { until } from "../net/until.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { ok } from "../support/raw-upstream.ts";
import {
  answerOf,
  askTimes,
  ejecting,
  refusing,
  resets,
  sharing,
  startCounting,
  startNumbered,
} from "./endpoints.ts";

/** A service that comes to an address where nobody was. */
async function comeTo(t: Test, address: Address): Promise<{ requests: number }> {
  const seen = { requests: 0 };
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      seen.requests++;
      socket.write(ok("back"));
    });
  });
  const { host, port } = address as { host: string; port: number };
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  t.teardown(() => server.close());
  return seen;
}

const outlier = ejecting({ mostEjected: 0.5 });

/** Asks until something holds. */
const askUntil = (proxy: TestGateway, condition: () => boolean) =>
  until(async () => {
    await proxy.ask(get());
    return condition();
  });

t.test("it is asked again long before its time is over; one that answers badly stays away", async (t) => {
  const gone = await refusing();
  const bad = await startCounting(t, () => answerOf(500));
  const broken = await startCounting(t, resets);
  const good = await startNumbered(t, 4);
  const addresses = [gone, bad.address, broken.address, ...good.map(({ address }) => address)];
  const proxy = await startGateway(t, addresses, {
    cluster: { outlier },
    route: { retry: null },
  });
  await askUntil(proxy, () => proxy.log.lines.length === 3);
  const begun = performance.now();
  const back = await comeTo(t, gone);
  await askUntil(proxy, () => back.requests > 3);
  t.ok(performance.now() - begun < 20_000, "it was to be away for a minute");
  t.same(proxy.log.lines.slice(3), ["info endpoint is back: it accepts connections"]);
  t.same([bad.requests.length, broken.requests.length], [5, 5]);
});

t.test("another reactor's ejection ends as well, by the one that leads", async (t) => {
  const gone = await refusing();
  const good = await startCounting(t, () => ok("good"));
  const memory = createUpstreamMemory();
  const settings = { cluster: { outlier }, route: { retry: null } };
  const leader = await startGateway(t, [gone, good.address], settings, sharing(memory, true));
  const other = await startGateway(t, [gone, good.address], settings, sharing(memory, false));
  await askUntil(other, () => other.log.lines.length === 1);
  const back = await comeTo(t, gone);
  await askUntil(other, () => back.requests > 2);
  t.same(leader.log.lines, ["info endpoint is back: it accepts connections"]);
});

t.test("while nobody is there the tries become rarer", async (t) => {
  const { host } = (await refusing()) as { host: string };
  const tries: number[] = [];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const good = await startCounting(t, () => ok("good"));
  const proxy = await startGateway(t, [{ host, port }, good.address], {
    cluster: { outlier },
    route: { retry: null },
  });
  const { reactor } = proxy.gateway as unknown as { reactor: { connect: (...args: unknown[]) => unknown } };
  const { connect } = reactor;
  await askUntil(proxy, () => proxy.log.lines.length === 1);
  reactor.connect = (...args) => {
    tries.push(performance.now());
    return connect.apply(reactor, args);
  };
  await until(() => tries.length === 3);
  const pauses = tries.slice(1).map((at, i) => at - tries[i]!);
  t.ok(
    pauses.every((pause, i) => pause > 480 * 2 ** i),
    `${pauses}`,
  );
});

t.test("where active checks look after an endpoint nothing else does", async (t) => {
  const gone = await refusing();
  const good = await startCounting(t, () => ok("good"));
  const health = { ...defaultHealthCheck, http: null, interval: 60_000, unhealthyAfter: 1000 };
  const cluster: Partial<ClusterConfig> = {
    outlier,
    health: { ...health, unhealthyInterval: 60_000 } as never,
  };
  const proxy = await startGateway(t, [gone, good.address], { cluster, route: { retry: null } });
  await askUntil(proxy, () => proxy.log.lines.length > 0);
  const watched = await startGateway(t, [gone, good.address], {
    cluster: { outlier },
    route: { retry: null },
  });
  await askUntil(watched, () => watched.log.lines.length === 1);
  await comeTo(t, gone);
  await askUntil(watched, () => watched.log.lines.length === 2);
  t.equal(proxy.log.lines.filter((line) => line.includes("accepts connections")).length, 0);
});

t.test("one that is gone again at once is tried later than the time before", async (t) => {
  const gone = await refusing();
  const good = await startCounting(t, () => ok("good"));
  const proxy = await startGateway(t, [gone, good.address], { cluster: { outlier }, route: { retry: null } });
  const { host, port } = gone as { host: string; port: number };
  const times: number[] = [];
  for (let round = 1; round <= 3; round++) {
    await askUntil(proxy, () => proxy.log.lines.length === 2 * round - 1);
    const begun = performance.now();
    const server = createServer((socket) => void socket.on("error", () => {}).destroy());
    await new Promise<void>((resolve) => server.listen(port, host, resolve));
    await until(() => proxy.log.lines.length === 2 * round);
    times.push(performance.now() - begun);
    await new Promise((resolve) => server.close(resolve));
  }
  t.ok(times[2]! > 990, `${times}`);
  await askTimes(proxy, 1);
});
