import t, { type Test } from "tap";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type Message, readHead, readMessage } from "../support/message.ts";
import type { RawPeer } from "../support/raw-peer.ts";
import { ok, type RawUpstream, startUpstream } from "../support/raw-upstream.ts";

interface Reused {
  readonly proxy: TestGateway;
  readonly upstream: RawUpstream;
  readonly client: RawPeer;
  /** The endpoint's end of a connection that has served a request and is idle. */
  readonly peer: RawPeer;
}

async function reusedConnection(t: Test): Promise<Reused> {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(request("GET"));
  const { peer } = await upstream.request();
  peer.write(ok("first"));
  await readMessage(client);
  return { proxy, upstream, client, peer };
}

function request(method: string, body = ""): string {
  const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
  return `${method} /again HTTP/1.1\r\nHost: a\r\n${length}\r\n${body}`;
}

/** Sends a request, and ends the idle connection as soon as it arrives there. */
async function sendIntoTheGrave(
  { client, peer }: Reused,
  text: string,
  end: "close" | "reset",
): Promise<Message> {
  client.write(text);
  const seen = await readMessage(peer);
  peer[end]();
  return seen;
}

for (const end of ["close", "reset"] as const) {
  for (const [method, body] of [
    ["GET", ""],
    ["HEAD", ""],
    ["OPTIONS", ""],
    ["DELETE", ""],
    ["PUT", "whole"],
  ] as const) {
    t.test(
      `${method} is sent once more when a reused connection dies by ${end} before it answers`,
      async (t) => {
        const reused = await reusedConnection(t);
        const seen = await sendIntoTheGrave(reused, request(method, body), end);
        const second = await reused.upstream.request();
        t.equal(second.request.startLine, seen.startLine);
        t.equal(second.request.body, body);
        t.same(second.request.fields, seen.fields, "with the same X-Request-Id");
        second.peer.write(method === "HEAD" ? ok() : ok("second"));
        t.equal((await readMessage(reused.client, { bodyless: method === "HEAD" })).status, 200);
        t.match(await reused.proxy.record(2), { attempts: 2, error: null, status: 200 });
      },
    );
  }

  t.test(`POST is never sent twice, dead connection by ${end} or not`, async (t) => {
    const reused = await reusedConnection(t);
    await sendIntoTheGrave(reused, request("POST", "once"), end);
    t.equal((await readMessage(reused.client)).status, 502);
    t.match(await reused.proxy.record(2), { attempts: 1, error: "upstream_closed" });
    t.equal(reused.upstream.connections.length, 1);
  });
}

t.test("nothing is sent a third time", async (t) => {
  const reused = await reusedConnection(t);
  await sendIntoTheGrave(reused, request("GET"), "reset");
  const second = await reused.upstream.request();
  second.peer.reset();
  t.equal((await readMessage(reused.client)).status, 502);
  t.match(await reused.proxy.record(2), { attempts: 2 });
});

t.test("a body that was streamed is not sent again", async (t) => {
  const reused = await reusedConnection(t);
  reused.client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  await reused.peer.take("abc");
  reused.peer.reset();
  const response = await readMessage(reused.client);
  t.equal(response.status, 502);
  t.equal(reused.upstream.connections.length, 1);
});

t.test("a request is not sent again after a byte of its response", async (t) => {
  for (const part of ["H", "HTTP/1.1 103 Early Hints\r\n\r\n"]) {
    const reused = await reusedConnection(t);
    reused.client.write(request("GET"));
    await readMessage(reused.peer);
    reused.peer.write(part);
    reused.peer.close();
    if (part !== "H") await readHead(reused.client);
    t.equal((await readMessage(reused.client)).status, 502);
    t.equal(reused.upstream.connections.length, 1);
  }
});

t.test("a request is not sent again when a fresh connection dies", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(request("GET"));
  const { peer } = await upstream.request();
  peer.reset();
  t.equal((await readMessage(client)).status, 502);
  t.equal(upstream.connections.length, 1);
});

t.test("a request that comes while another is sent again gets a connection of its own", async (t) => {
  const reused = await reusedConnection(t);
  await sendIntoTheGrave(reused, request("GET"), "reset");
  const other = await reused.proxy.connect();
  other.write(request("GET"));
  const [first, second] = [await reused.upstream.request(), await reused.upstream.request()];
  for (const { peer } of [second, first]) peer.write(ok());
  t.equal((await readMessage(other)).status, 200);
  t.equal((await readMessage(reused.client)).status, 200);
});

t.test("an idle connection that the endpoint closed is not used", async (t) => {
  const { upstream, client, peer, proxy } = await reusedConnection(t);
  peer.close();
  await peer.ended();
  client.write(request("POST", "x"));
  const second = await upstream.request();
  second.peer.write(ok());
  t.equal((await readMessage(client)).status, 200);
  t.match(await proxy.record(2), { attempts: 1 });
});
