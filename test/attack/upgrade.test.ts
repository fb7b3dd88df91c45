import t from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { field, readHead, readMessage } from "../support/message.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const upgrade = (token: string, ...fields: string[]) =>
  get("/", "Connection: Upgrade, HTTP2-Settings", `Upgrade: ${token}`, ...fields);
const smuggled = get("/smuggled");
const switched = (token: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${token}\r\n\r\n`;

const unwelcome = {
  h2c: upgrade("h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
  "h2c beside websocket": upgrade("websocket, h2c"),
  "h2c in a field of its own": upgrade("websocket", "Upgrade: h2c"),
  "a token that contains websocket": upgrade("xwebsocket"),
  "an empty Upgrade": upgrade(""),
};

for (const [name, request] of Object.entries(unwelcome)) {
  t.test(`h2c smuggling fails: ${name}`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write(request);
    const { request: seen, peer } = await upstream.request();
    for (const absent of ["upgrade", "connection", "http2-settings"]) t.equal(field(seen, absent), null);
    peer.write(switched("h2c"));
    t.equal((await readMessage(client)).status, 502, "an endpoint that switches all the same is left");
    await peer.ended();
  });
}

for (const status of [200, 400, 426]) {
  t.test(
    `a request behind Upgrade is a request when the endpoint answers ${status} [CVE-2026-2833]`,
    async (t) => {
      const upstream = await startUpstream(t);
      const proxy = await startGateway(t, upstream.address);
      const client = await proxy.connect();
      client.write(
        `${upgrade("websocket")}GET /admin HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`,
      );
      const { peer } = await upstream.request();
      t.equal(peer.text, "", "the endpoint has seen nothing of it");
      peer.write(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      t.equal((await readMessage(client)).status, status);
      const behind = await readMessage(peer);
      t.equal(behind.startLine, "GET /admin HTTP/1.1");
      t.equal(field(behind, "x-forwarded-for"), "127.0.0.1", "it went through the proxy, not past it");
    },
  );
}

t.test("a 100 before 101 opens no tunnel [CVE-2026-2833]", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(upgrade("websocket") + smuggled);
  const { peer } = await upstream.request();
  peer.write("HTTP/1.1 100 Continue\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  t.equal((await readHead(client)).status, 100);
  t.equal(peer.text, "");
  peer.write(ok("no"));
  t.equal((await readMessage(client)).body, "no");
  t.equal((await readMessage(peer)).startLine, "GET /smuggled HTTP/1.1");
});

const notAsked: Record<string, string> = {
  "a plain GET": get(),
  "a HEAD": "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  "Upgrade that Connection does not name": get("/", "Upgrade: websocket"),
  "Connection: upgrade without Upgrade": get("/", "Connection: upgrade"),
  "an upgrade with a body":
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx",
  "an upgrade of HTTP/1.0": "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
};

for (const [name, request] of Object.entries(notAsked)) {
  t.test(`an endpoint cannot make a tunnel of ${name}`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.write(request);
    const { peer } = await upstream.request();
    peer.write(`${switched("websocket")}${ok("smuggled")}`);
    const response = await readMessage(client, { bodyless: request.startsWith("HEAD") });
    t.equal(response.status, 502);
    await peer.ended();
    t.notMatch(client.text, "smuggled");
    t.equal(proxy.metrics.snapshot().totals.tunnels, 0);
  });
}

t.test("bad extension parameters and frames are the endpoint's business [CVE-2024-37890]", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(upgrade("websocket", 'Sec-WebSocket-Extensions: ;,"=x; a=', "Sec-WebSocket-Key: %"));
  const { peer } = await upstream.request();
  peer.write(switched("websocket"));
  await readHead(client);
  client.write(Buffer.alloc(200, 0xff));
  t.equal((await peer.takeLength(200)).length, 200);
  client.reset();
  await peer.ended();
});
