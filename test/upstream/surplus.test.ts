import t, { type Test } from "tap";
import { get, startGateway, type TestGateway } from "../support/gateway.ts";
import { field, readMessage } from "../support/message.ts";
import { ok, type RawUpstream, startUpstream } from "../support/raw-upstream.ts";

const warning = /^warn Endpoint sent bytes .*not reused/;

/** One exchange whose endpoint answers with `reply`. Returns the endpoint's end of the connection. */
async function firstExchange(t: Test, proxy: TestGateway, upstream: RawUpstream, reply: string) {
  const client = await proxy.connect();
  client.write(get("/first"));
  const { peer } = await upstream.request();
  peer.write(reply);
  t.equal((await readMessage(client)).body, "first");
  return { client, peer };
}

t.test("bytes behind a response end its connection and are logged; nobody gets them", async (t) => {
  for (const surplus of [ok("stolen"), "x", "\r\n"]) {
    const upstream = await startUpstream(t);
    const proxy = await startGateway(t, upstream.address);
    const { client, peer } = await firstExchange(t, proxy, upstream, ok("first") + surplus);
    await peer.ended();
    client.write(get("/second"));
    const second = await upstream.request();
    second.peer.write(ok("second"));
    t.equal((await readMessage(client)).body, "second");
    t.equal(proxy.log.lines.filter((line) => warning.test(line)).length, 1);
    t.ok(
      proxy.metrics
        .snapshot()
        .refused.some(({ reason, count }) => reason === "response_surplus" && count === 1),
    );
  }
});

t.test("a body behind a response that has none ends its connection", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  const { peer } = await upstream.request();
  peer.write(ok("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  await readMessage(client, { bodyless: true });
  await peer.ended();
  t.equal(client.text, "");
});

t.test("bytes on an idle connection end it", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const { peer } = await firstExchange(t, proxy, upstream, ok("first"));
  peer.write(ok("stolen"));
  await peer.ended();
  t.match(proxy.log.lines.join("\n"), warning);
});

t.test("an endpoint that sent surplus bytes gets a connection for each request for a while", async (t) => {
  const upstream = await startUpstream(t, () => ok("first") + ok("stolen"));
  const proxy = await startGateway(t, upstream.address);
  for (let i = 0; i < 5; i++) t.equal((await proxy.ask(get())).body, "first");
  t.equal(upstream.connections.length, 5);
  t.equal(proxy.log.lines.filter((line) => warning.test(line)).length, 1, "it is told once");
});

t.test("a second response in the next packet never answers the next request", async (t) => {
  const upstream = await startUpstream(t, ({ startLine }, peer) => {
    peer.write(ok(startLine));
    setImmediate(() => peer.socket.writable && peer.write(ok(`late ${startLine}`)));
    return null;
  });
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  for (let i = 0; i < 20; i++) {
    client.write(get(`/${i}`));
    t.match(await readMessage(client), { status: 200, body: `GET /${i} HTTP/1.1` });
  }
});

t.test("a second response that comes when the next request is on its way never answers it", async (t) => {
  const upstream = await startUpstream(t);
  const proxy = await startGateway(t, upstream.address);
  const client = await proxy.connect();
  client.write(get("/first"));
  const { request, peer } = await upstream.request();
  const reply = ok("first", `X-Request-Id: ${field(request, "x-request-id")}`);
  peer.write(reply);
  t.equal((await readMessage(client)).body, "first");
  client.write("POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  t.match((await readMessage(peer)).startLine, "/second");
  peer.write(reply);
  const response = await readMessage(client);
  t.equal(response.status, 502);
  t.match(field(response, "proxy-status"), "response_mismatched");
  await peer.ended();
});
