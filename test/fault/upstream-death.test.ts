import { setImmediate as nextTurn } from "node:timers/promises";
import t, { type Test } from "tap";
import { get, startGateway } from "../support/gateway.ts";
import { holdingsOf, nothingHeld, untilNothingHeld } from "../support/holdings.ts";
import { readMessage } from "../support/message.ts";
import { startProgram } from "../support/program.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

const service = new URL("dying-service.ts", import.meta.url).pathname;
const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";

/** Asks a service that is killed when it stops in the middle of its answer. */
async function askDying(t: Test, path: string) {
  await using program = startProgram(process.execPath, [service]);
  await program.said(/port \d+/);
  const port = Number(/port (\d+)/.exec(program.output)![1]);
  const proxy = await startGateway(t, { host: "127.0.0.1", port });
  const client = await proxy.connect();
  client.write(get(path));
  await program.said(/stopped/);
  program.kill("SIGKILL");
  await program.ended;
  return { client, proxy };
}

for (const path of ["/before-head", "/in-head"]) {
  t.test(`an upstream killed ${path.slice(1).replace("-", " ")} is a 502`, async (t) => {
    const { client, proxy } = await askDying(t, path);
    const response = await readMessage(client);
    t.equal(response.status, 502);
    t.match(JSON.parse(response.body), { code: /upstream_closed|response_truncated/ });
    client.write(get("/"));
    t.match(await readMessage(client), { status: 502 }, "the connection of the client goes on");
    client.socket.destroy();
    t.same(await untilNothingHeld(proxy, 5000), nothingHeld);
  });
}

for (const path of ["/after-head", "/in-sized-body", "/in-chunk", "/between-chunks"]) {
  t.test(`an upstream killed ${path.slice(1).replaceAll("-", " ")} breaks the response off`, async (t) => {
    const { client, proxy } = await askDying(t, path);
    t.equal(await client.ended(), "reset");
    t.notMatch(client.text, /\r\n0\r\n\r\n$/, "nothing ends the chunks");
    t.same(await untilNothingHeld(proxy, 5000), nothingHeld);
  });
}

t.test("an upstream that resets in its body breaks the response off", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write(`${head}${"x".repeat(500)}`);
  await client.take(/x{500}/);
  peer.reset();
  t.equal(await client.ended(), "reset");
  t.match(await proxy.record(1), { status: 200, error: "response_truncated" });
});

t.test("an upstream that resets before its head is a 502, and a POST is not sent again", async (t) => {
  const upstream = await startUpstream(t, (request, peer) => {
    if (request.startLine.startsWith("GET")) return ok("fine");
    peer.reset();
    return null;
  });
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get());
  t.match(await readMessage(client), { status: 200 });
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi");
  t.match(await readMessage(client), { status: 502 });
  t.equal(upstream.connections.length, 1, "no second connection");
});

t.test("an upstream that closes its half in the body breaks the response off", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get());
  const { peer } = await upstream.request();
  peer.write(`${head}${"x".repeat(999)}`);
  peer.close();
  t.equal(await client.ended(), "reset");
});

t.test("an upstream that closes its half behind a whole response is not used again", async (t) => {
  const upstream = await startUpstream(t, async (_request, peer) => {
    peer.write(ok("whole"));
    peer.close();
    return null;
  });
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (let i = 0; i < 3; i++) {
    client.write(get());
    t.match(await readMessage(client), { status: 200, body: "whole" });
    while (holdingsOf(proxy).upstreamConnections > 0) await nextTurn();
  }
  t.equal(upstream.connections.length, 3);
});

t.test("a client that closes its half while it waits takes its request with it", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get());
  const { peer } = await upstream.request();
  client.close();
  await peer.ended();
  t.match(await proxy.record(1), { error: "client_gone" });
  t.same(await untilNothingHeld(proxy, 5000), nothingHeld);
});

t.test("a client that sends one byte at a time is understood", async (t) => {
  const upstream = await startUpstream(t, (request) => ok(`${request.body}!`));
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  const head = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const byte of `${head}5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n`) {
    client.write(byte);
    await nextTurn();
  }
  t.match(await readMessage(client), { status: 200, body: "hello world!" });
});
