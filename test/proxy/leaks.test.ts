import t from "tap";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const post = "POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

/** What a client does to a proxy. */
const clients: Record<string, (client: RawPeer) => unknown> = {
  "asks and reads": async (client) => {
    client.write(get("/ok"));
    await readMessage(client);
    client.close();
  },
  "asks and leaves": (client) => client.socket.write(get("/ok"), () => client.reset()),
  "leaves inside a head": (client) => client.socket.write("GET / HT", () => client.reset()),
  "leaves inside a body": (client) => client.socket.write(post, () => client.reset()),
  "pipelines and leaves": (client) => client.socket.write(get("/ok").repeat(20), () => client.close()),
  "asks an endpoint that never answers, and leaves": (client) =>
    client.socket.write(get("/never"), () => setTimeout(() => client.reset(), 5)),
  "asks an endpoint that breaks off": (client) => client.write(get("/break")),
  "asks an endpoint that says too much": (client) => client.write(get("/surplus", "Connection: close")),
  "says nothing that makes sense": (client) => client.write("what?\r\n\r\n"),
  "sends a body that is no body": (client) => client.write(`${post}what?`),
};

t.test("after all kinds of ends nothing is left: no socket, no timer, no place in a pool", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }, peer) => {
    if (startLine.includes("/never")) return null;
    if (startLine.includes("/surplus")) return ok("one") + ok("two");
    if (!startLine.includes("/break")) return ok("ok");
    peer.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", () => peer.reset());
    return null;
  });
  const proxy = await startGateway(t, upstream.address, {
    cluster: { maxConnections: 8 },
    timeouts: { head: 300, bodyIdle: 300, keepAlive: 300 },
    clusterTimeouts: { poolIdle: 300, responseHead: 500 },
  });
  const behaviours = Object.values(clients);
  for (let round = 0; round < 20; round++) {
    await Promise.all(behaviours.map(async (behave) => behave(await proxy.connect())));
  }
  await until(() => proxy.metrics.snapshot().totals.connections === 0);
  await until(() => proxy.metrics.snapshot().clusters[0]!.connections === 0);
  t.match(proxy.metrics.snapshot().totals, { requestsInFlight: 0, tunnels: 0, connections: 0 });
  t.match(proxy.metrics.snapshot().clusters[0], { connections: 0, idle: 0, pending: 0 });
  const [endpoint] = proxy.gateway.generation.clusters.get("upstream")!.endpoints;
  t.equal(endpoint!.inFlight, 0);
  t.equal(endpoint!.pool.size, 0);
  t.equal(endpoint!.pool.waiting, 0);
  await until(() => proxy.gateway.reactor.timers.size === 0);
  t.ok(proxy.accepted.every((socket) => socket.destroyed));
});

t.test("a config that is refused leaves nothing of its clusters behind", async (t) => {
  const upstream = await startUpstream(t, () => ok());
  const { gateway } = await startGateway(t, upstream.address);
  const { config } = gateway.generation;
  const [cluster] = config.clusters;
  const sizes = () => [gateway.upstream.table.size, gateway.upstream.counts.size];
  const before = sizes();
  const tls = { verify: true, ca: "/nowhere/ca.pem", serverName: null, cert: null, key: null };
  const clusters = [cluster!, { ...cluster!, name: "good" }, { ...cluster!, name: "bad", tls }];
  for (let i = 0; i < 3; i++)
    await t.rejects(gateway.apply({ ...config, clusters }), { name: "TlsFileError" });
  t.same(sizes(), before);
});
