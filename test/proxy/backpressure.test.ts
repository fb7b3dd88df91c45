import { once } from "node:events";
import t from "tap";
import { until } from "../net/until.ts";
import { get, startGateway } from "../support/gateway.ts";
import { readHead } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { startUpstream } from "../support/raw-upstream.ts";
import { settled } from "../support/settled.ts";

const MiB = 1024 * 1024;
const size = 200 * MiB;
/** What the kernel buffers of two loopback connections, and a little for the proxy. */
const mostUnderWay = 48 * MiB;

/** Sends `size` bytes as fast as they are taken; `sent` tells how many left. */
function send(peer: RawPeer, piece: Buffer = Buffer.alloc(64 * 1024)): { readonly sent: number } {
  const progress = { sent: 0 };
  const pump = async () => {
    while (progress.sent < size && !peer.socket.destroyed) {
      const flowing = peer.socket.write(piece);
      progress.sent += piece.length;
      if (!flowing) await once(peer.socket, "drain");
    }
  };
  pump().catch(() => {});
  return progress;
}

/** Reads to the end, with breaks, and tells the most that was ever under way. */
async function readSlowly(reader: RawPeer, progress: { readonly sent: number }): Promise<number> {
  let most = 0;
  let lastBreak = 0;
  reader.text = "";
  reader.socket.on("data", () => {
    reader.text = "";
    most = Math.max(most, progress.sent - reader.received);
    if (reader.received - lastBreak < 20 * MiB) return;
    lastBreak = reader.received;
    reader.socket.pause();
    setTimeout(() => reader.socket.resume(), 20);
  });
  reader.socket.resume();
  await until(() => reader.received >= size);
  return most;
}

for (const framing of ["Content-Length", "chunked", "close"]) {
  t.test(`a slow reader of 200 MB (${framing}) holds the endpoint back and costs no memory`, async (t) => {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const client = await proxy.connect();
    client.socket.pause();
    client.write(get());
    const { peer } = await upstream.request();
    const heads: Record<string, string> = {
      "Content-Length": `Content-Length: ${size}\r\n`,
      chunked: "Transfer-Encoding: chunked\r\n",
      close: "",
    };
    peer.write(`HTTP/1.1 200 OK\r\n${heads[framing]}\r\n`);
    const chunk = Buffer.from(`10000\r\n${"x".repeat(0x10000)}\r\n`);
    const progress = send(peer, framing === "chunked" ? chunk : undefined);
    const stuck = await settled(() => progress.sent);
    t.ok(stuck < mostUnderWay, `${stuck} bytes left the endpoint before anybody read`);
    const before = process.memoryUsage.rss();
    const most = await readSlowly(client, progress);
    t.ok(most < mostUnderWay, `at most ${most} bytes were under way`);
    const grown = process.memoryUsage.rss() - before;
    t.ok(grown < 100 * MiB, `${grown} bytes more memory`);
  });
}

t.test("an endpoint that reads slowly holds a client of 200 MB back", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  const peer = await upstream.connection();
  await readHead(peer);
  peer.socket.pause();
  const progress = send(client);
  const stuck = await settled(() => progress.sent);
  t.ok(stuck < mostUnderWay, `${stuck} bytes left the client before anybody read`);
  const most = await readSlowly(peer, progress);
  t.ok(most < mostUnderWay, `at most ${most} bytes were under way`);
});

t.test("a client whose request waits for a connection is held back", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address, { cluster: { maxConnections: 1 } });
  const first = await proxy.connect();
  first.write(get());
  const { peer } = await upstream.request();
  const second = await proxy.connect();
  second.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  const progress = send(second);
  const stuck = await settled(() => progress.sent);
  t.ok(stuck < mostUnderWay, `${stuck} bytes left the client`);
  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  await readHead(peer);
  const most = await readSlowly(peer, progress);
  t.ok(most < mostUnderWay, `at most ${most} bytes were under way`);
});
