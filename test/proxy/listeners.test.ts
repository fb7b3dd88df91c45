import { once } from "node:events";
import { join } from "node:path";
import { connect } from "node:tls";
import t, { type Test } from "tap";
import { createAuthority } from "../net/certificates.ts";
import { listenerTls } from "../net/configs.ts";
import { socketFolder } from "../net/socket-folder.ts";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { type Answer, ok, startUpstream } from "../support/raw-upstream.ts";

const forwardedFor: Answer = (request) =>
  ok(`${field(request, "x-forwarded-for")} ${field(request, "x-forwarded-proto")}`);

/** Sends half of a response and breaks off. */
const breakOff: Answer = (_request, peer) => {
  peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  setImmediate(() => peer.reset());
  return null;
};

t.test("Unix socket", async (t) => {
  const address = { path: join(socketFolder(t), "proxy.sock") };

  t.test("requests are served; the client has no address", async (t) => {
    const upstream = await startUpstream(t, forwardedFor);
    const proxy = await startGateway(t, upstream.address, { listener: { address } });
    t.equal((await proxy.ask(get())).body, "unknown http");
  });

  t.test("a broken response is broken", async (t) => {
    const upstream = await startUpstream(t, breakOff);
    const proxy = await startGateway(t, upstream.address, { listener: { address } });
    await t.rejects(proxy.ask(get()), { name: "PeerEnded" });
  });
});

t.test("TLS", async (t) => {
  const authority = createAuthority(t.testdir());
  const tls = listenerTls(authority.issue("a", ["a.test"]));

  t.test("requests are served and known to be secure", async (t) => {
    const upstream = await startUpstream(t, forwardedFor);
    const proxy = await startGateway(t, upstream.address, { listener: { tls } });
    const client = await connectTls(t, proxy);
    for (let i = 0; i < 2; i++) {
      client.write(get());
      t.equal((await readMessage(client)).body, "127.0.0.1 https");
    }
  });

  t.test("a broken response is broken", async (t) => {
    const upstream = await startUpstream(t, breakOff);
    const proxy = await startGateway(t, upstream.address, { listener: { tls } });
    const client = await connectTls(t, proxy);
    client.write(get());
    await t.rejects(readMessage(client), { name: "PeerEnded" });
  });

  t.test("a download of 20 MB arrives whole, and so does an upload", async (t) => {
    const size = 20 * 1024 * 1024;
    const upstream = await startUpstream(t, (request) =>
      ok("d".repeat(size), `X-Got: ${request.body.length}`),
    );
    const proxy = await startGateway(t, upstream.address, { listener: { tls } });
    const client = await connectTls(t, proxy);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    client.write(Buffer.alloc(size, "u"));
    const response = await readMessage(client);
    t.equal(response.body.length, size);
    t.equal(field(response, "x-got"), `${size}`);
  });

  async function connectTls(t: Test, proxy: TestGateway): Promise<RawPeer> {
    const { port } = proxy.address as { port: number };
    const socket = connect({ port, host: "127.0.0.1", ca: authority.pem, servername: "a.test" });
    t.teardown(() => socket.destroy());
    await once(socket, "secureConnect");
    return new RawPeer(socket);
  }
});
