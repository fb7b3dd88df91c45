/** CVE-2026-48931: an extra response on a pooled connection must not answer the next request. */
import t, { type Test } from "tap";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.test("a late response to any earlier request does not answer a GET: it is asked again", async (t) => {
  const { proxy, client, peer, upstream, late } = await oneResponseBehind(t);
  client.write(get("/third"));
  await peer.take("\r\n\r\n");
  peer.write(late);
  const again = await upstream.request();
  again.peer.write(ok("right", `X-Request-Id: ${field(again.request, "x-request-id")}`));
  t.equal((await readMessage(client)).body, "right");
  t.match(await proxy.record(3), { attempts: 2, error: null });
});

t.test("a late response to any earlier request does not answer a POST: it is a 502", async (t) => {
  const { client, peer, upstream, late } = await oneResponseBehind(t);
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi");
  await peer.take("\r\n\r\nhi");
  peer.write(late);
  const response = await readMessage(client);
  t.equal(response.status, 502);
  t.match(response.body, "response_mismatched");
  t.equal(upstream.connections.length, 1, "it is not sent again");
});

t.test("an endpoint that makes up its own X-Request-Id is believed", async (t) => {
  let made = 0;
  const upstream = await startUpstream(t, () => ok("fine", `X-Request-Id: own-${made++}`));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (let i = 0; i < 3; i++) {
    client.write(get());
    t.equal((await readMessage(client)).body, "fine");
  }
  t.equal(upstream.connections.length, 1);
});

/** A client and a connection to an endpoint that echoes: two requests are answered, and `late` is the first answer again. */
async function oneResponseBehind(t: Test) {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get("/first"));
  const { request, peer } = await upstream.request();
  const late = ok("wrong", `X-Request-Id: ${field(request, "x-request-id")}`);
  peer.write(late);
  await readMessage(client);
  await answerSecond(proxy, client, peer);
  return { proxy, client, peer, upstream, late };
}

async function answerSecond(proxy: TestGateway, client: RawPeer, peer: RawPeer): Promise<void> {
  client.write(get("/second"));
  const request = await readMessage(peer);
  peer.write(ok("second", `X-Request-Id: ${field(request, "x-request-id")}`));
  await readMessage(client);
  await proxy.record(2);
}
