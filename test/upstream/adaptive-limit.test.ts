/** A cluster gets as many requests at once as it can do, and the rest is refused. */
import { setTimeout as sleep } from "node:timers/promises";
import t, { type Test } from "tap";
import type { Cluster } from "../../core/upstream/cluster.ts";
import { createUpstreamMemory } from "../../core/upstream/services.ts";
import { until } from "../net/until.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { type Answer, ok, startUpstream } from "../support/raw-upstream.ts";
import { sharing } from "./endpoints.ts";

const adaptive = { least: 4, most: 1000, tolerance: 1.5 };

function clusterOf({ gateway }: TestGateway): Cluster {
  return gateway.generation.clusters.get("upstream")!;
}

/** Works on ten requests at once, for 20 ms each; the others wait. */
function tenAtOnce(): Answer {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async () => {
    if (busy === 10) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy++;
    await sleep(20);
    const next = waiting.shift();
    if (next === undefined) busy--;
    else next();
    return ok("done");
  };
}

interface Seen {
  readonly status: number;
  /** ms. */
  readonly took: number;
}

/** A client that asks again and again, and does something else for a while when it is refused. */
async function askFor(ms: number, proxy: TestGateway, request = get()): Promise<Seen[]> {
  const client = await proxy.connect();
  const seen: Seen[] = [];
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const begin = performance.now();
    client.write(request);
    const { status } = await readMessage(client);
    seen.push({ status, took: performance.now() - begin });
    if (status === 503) await sleep(20);
  }
  client.close();
  return seen;
}

function median(seen: readonly Seen[]): number {
  return seen.map(({ took }) => took).sort((one, other) => one - other)[seen.length >> 1]!;
}

async function load(clients: number, ms: number, proxies: readonly TestGateway[], request?: string) {
  const all = await Promise.all(
    Array.from({ length: clients }, (_, i) => askFor(ms, proxies[i % proxies.length]!, request)),
  );
  const seen = all.flat();
  return {
    served: seen.filter(({ status }) => status === 200),
    refused: seen.filter(({ status }) => status === 503),
  };
}

t.test("five times as many clients as an endpoint can serve wait for it if nothing is limited", async (t) => {
  const upstream = await startUpstream(t, tenAtOnce());
  const proxy = await startGateway(t, upstream.address);
  const { served, refused } = await load(50, 1000, [proxy]);
  t.equal(refused.length, 0);
  t.ok(median(served) > 80, `${median(served)} ms: a queue of 40`);
});

for (const reactors of [1, 2]) {
  t.test(
    `with an adaptive limit they are served in time or refused at once, by ${reactors} reactors`,
    async (t) => {
      const upstream = await startUpstream(t, tenAtOnce());
      const memory = createUpstreamMemory();
      const proxies = await Promise.all(
        Array.from({ length: reactors }, (_, i) =>
          startGateway(t, upstream.address, { cluster: { concurrency: adaptive } }, sharing(memory, i === 0)),
        ),
      );
      await load(50, 1000, proxies);
      const { served, refused } = await load(50, 2000, proxies);
      const [inTime, atOnce] = [median(served), median(refused)];
      t.ok(inTime < 75, `${inTime} ms`);
      t.ok(atOnce < 20, `${atOnce} ms`);
      t.ok(served.length > 400, `${served.length} of 1000 that it can serve`);
      t.ok(refused.length > 300, `${refused.length} were refused`);
      await until(() => clusterOf(proxies[0]!).admission!.limit!.inFlight === 0);
      const { limit } = clusterOf(proxies[0]!).admission!.limit!;
      t.equal(clusterOf(proxies.at(-1)!).admission!.limit!.limit, limit, "all know the same limit");
      t.ok(limit >= 4 && limit < 50, `limit ${limit}`);
    },
  );
}

t.test("what is important gets through while the rest is refused", async (t) => {
  const upstream = await startUpstream(t, tenAtOnce());
  const proxy = await startGateway(t, upstream.address, {
    cluster: { concurrency: adaptive },
    route: { priority: 3, priorityHeader: { name: "x-priority", fromAnyone: true } },
  });
  const ms = 2000;
  await load(50, 1000, [proxy]);
  const [important, others] = await Promise.all([
    load(4, ms, [proxy], get("/", "X-Priority: 0")),
    load(46, ms, [proxy]),
  ]);
  const share = important.served.length / (important.served.length + important.refused.length);
  t.ok(share > 0.95, `${share} of the important ones`);
  t.ok(median(important.served) < 75, `${median(important.served)} ms`);
  t.ok(others.refused.length > others.served.length, `${others.refused.length} of the others were refused`);
  t.ok(others.served.length > 200, `${others.served.length} were served with what was left`);
});

t.test("a refusal names itself, and says when to come back", async (t) => {
  const upstream = await startUpstream(t);
  const cluster = { concurrency: { ...adaptive, least: 1, most: 1 } };
  const proxy = await startGateway(t, upstream.address, { cluster });
  const first = proxy.ask(get());
  const { peer } = await upstream.request();
  const refused = await proxy.ask(get());
  t.match(refused, { status: 503, body: /"code":"overloaded"/ });
  t.match(field(refused, "proxy-status"), /error=http_request_denied; details="overloaded"/);
  t.match(field(refused, "retry-after"), /^[1-3]$/);
  t.same(proxy.metrics.snapshot().clusters[0]!.refused, [{ reason: "concurrency", priority: 1, count: 1 }]);
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  await until(() => clusterOf(proxy).admission!.limit!.inFlight === 0);
  t.pass("the head frees its place: who reads slowly keeps nobody out");
  peer.write("late");
  t.equal((await first).body, "late");
});

t.test("clients that send their bodies slowly keep nobody out", async (t) => {
  const upstream = await startUpstream(t, () => ok("done"));
  const cluster = { concurrency: { ...adaptive, least: 1, most: 1 } };
  const proxy = await startGateway(t, upstream.address, { cluster });
  const slow = await Promise.all([0, 1, 2].map(() => proxy.connect()));
  for (const client of slow) client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhel");
  await until(() => upstream.connections.length === 3);
  t.equal(clusterOf(proxy).admission!.limit!.inFlight, 0);
  t.equal((await proxy.ask(get())).status, 200);
  for (const client of slow) client.write("lo");
  for (const client of slow) t.equal((await readMessage(client)).status, 200);
  t.equal(clusterOf(proxy).admission!.limit!.inFlight, 0);
});

/** Ways in which requests end. */
const ends: Record<string, (t: Test, proxy: TestGateway) => Promise<void>> = {
  "the client leaves": async (_t, proxy) => {
    const client = await proxy.connect();
    client.write(get("/never"));
    await until(() => proxy.gateway.reactor.metrics.snapshot().totals.requestsInFlight > 0);
    client.reset();
  },
  "the client leaves inside its body": async (_t, proxy) => {
    const client = await proxy.connect();
    client.socket.write("POST /never HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf", () =>
      client.reset(),
    );
  },
  "the endpoint breaks off": async (t, proxy) => {
    t.equal((await proxy.ask(get("/reset"))).status, 502);
  },
  "the endpoint breaks off inside a body": async (_t, proxy) => {
    const client = await proxy.connect();
    client.write(get("/half"));
    await client.ended();
  },
  "an upgrade": async (_t, proxy) => {
    const client = await proxy.connect();
    client.write(get("/upgrade", "Connection: Upgrade", "Upgrade: websocket"));
    await client.take("\r\n\r\n");
    client.reset();
  },
  "an answer": async (t, proxy) => {
    t.equal((await proxy.ask(get("/"))).status, 200);
  },
};

t.test("after thousands of requests, however they ended, no place is taken", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }, peer) => {
    if (startLine.includes("/never")) return null;
    if (startLine.includes("/upgrade")) {
      return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    }
    if (!startLine.includes("/half") && !startLine.includes("/reset")) return ok("done");
    const part = startLine.includes("/half") ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" : "";
    peer.socket.write(part, () => peer.reset());
    return null;
  });
  const proxy = await startGateway(t, upstream.address, {
    cluster: { maxRequests: 500, maxRetries: 100, concurrency: { ...adaptive, least: 500 }, outlier: null },
    route: { retry: null },
  });
  for (let round = 0; round < 25; round++) {
    await Promise.all(
      Array.from({ length: 20 }, () => Object.values(ends).map((end) => end(t, proxy))).flat(),
    );
  }
  const { counts, admission } = clusterOf(proxy);
  await until(() => counts.inFlight === 0 && admission!.limit!.inFlight === 0);
  t.equal(counts.retries, 0);
  t.same(proxy.metrics.snapshot().clusters[0]!.refused, [], "none was refused meanwhile");
  t.equal((await proxy.ask(get())).status, 200);
});
