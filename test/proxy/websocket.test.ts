import { once } from "node:events";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { WebSocket, WebSocketServer } from "ws";
import { createAuthority } from "../net/certificates.ts";
import { listenerTls } from "../net/configs.ts";
import { type GatewaySettings, startGateway } from "../support/gateway.ts";

/** A `ws` client connected through the proxy to a `ws` server that sends back what it gets. */
async function openSocket(
  t: Test,
  { protocol = [] as string | string[], settings = {} as GatewaySettings } = {},
): Promise<{ client: WebSocket; server: WebSocket }> {
  const service = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true });
  await once(service, "listening");
  t.teardown(() => service.close());
  const { port } = service.address() as AddressInfo;
  const proxy = await startGateway(t, { host: "127.0.0.1", port }, settings);
  const connected = once(service, "connection");
  const { port: proxyPort } = proxy.address as { port: number };
  const scheme = settings.listener?.tls ? "wss" : "ws";
  const client = new WebSocket(`${scheme}://127.0.0.1:${proxyPort}/echo`, protocol, {
    rejectUnauthorized: false,
  });
  const [server] = (await connected) as [WebSocket];
  server.on("message", (data, isBinary) => server.send(data, { binary: isBinary }));
  if (client.readyState !== WebSocket.OPEN) await once(client, "open");
  t.teardown(() => client.terminate());
  return { client, server };
}

t.test("text and binary messages pass", async (t) => {
  const { client } = await openSocket(t, { protocol: "chat" });
  t.equal(client.protocol, "chat");
  for (const message of ["hello", "ünïcode ✓"]) {
    client.send(message);
    const [data, isBinary] = await once(client, "message");
    t.equal(String(data), message);
    t.notOk(isBinary);
  }
  client.send(Buffer.from([0, 255]));
  const [data, isBinary] = await once(client, "message");
  t.same([...data], [0, 255]);
  t.ok(isBinary);
});

t.test("a big message passes whole, over TLS too", async (t) => {
  const tls = listenerTls(createAuthority(t.testdir()).issue("a", ["127.0.0.1"]));
  const message = Buffer.alloc(8 * 1024 * 1024);
  for (let i = 0; i < message.length; i += 4) message.writeUInt32LE((i * 2654435761) >>> 0, i);
  for (const settings of [{}, { listener: { tls } }]) {
    const { client } = await openSocket(t, { settings });
    client.send(message);
    const [data] = await once(client, "message");
    t.ok(message.equals(data));
  }
});

t.test("many messages keep their order", async (t) => {
  const { client } = await openSocket(t);
  const count = 2000;
  const received: string[] = [];
  const done = Promise.withResolvers<void>();
  client.on("message", (data) => {
    if (received.push(String(data)) === count) done.resolve();
  });
  for (let i = 0; i < count; i++) client.send(`${i}`);
  await done.promise;
  t.same(
    received,
    Array.from({ length: count }, (_, i) => `${i}`),
  );
});

t.test("closing passes with its code and reason", async (t) => {
  const { client, server } = await openSocket(t);
  const serverClosed = once(server, "close");
  client.close(4001, "enough");
  const [code, reason] = await serverClosed;
  t.equal(code, 4001);
  t.equal(String(reason), "enough");
});

t.test("pings pass", async (t) => {
  const { client } = await openSocket(t);
  client.ping("are you there");
  t.equal(String((await once(client, "pong"))[0]), "are you there");
});
