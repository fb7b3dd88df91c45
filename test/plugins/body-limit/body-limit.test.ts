import { gzipSync } from "node:zlib";
import t, { type Test } from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { nothingHeld, untilNothingHeld } from "../../support/holdings.ts";
import { field, readMessage } from "../../support/message.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

const upstream = async (request: Request) => new Response(String((await request.text()).length));
const post = (length: number, type = "text/plain"): RequestInit => ({
  method: "POST",
  body: "x".repeat(length),
  headers: { "content-type": type },
});

onEachEngine(
  "a body that says that it is too long is refused before the service is asked",
  async (t, engine) => {
    let asked = 0;
    const service = (request: Request) => {
      asked++;
      return upstream(request);
    };
    const plugins = [["body-limit", { maxSize: 10 }]] as const;
    await using gateway = await testGateway({ plugins, upstream: service, engine });
    t.equal(await (await gateway.fetch("/", post(10))).text(), "10");
    const refused = await gateway.fetch("/", post(11));
    t.equal(refused.status, 413);
    t.equal(refused.headers.get("content-type"), "application/problem+json");
    t.match(await refused.json(), { status: 413, code: "body_too_large", detail: /10 bytes/ });
    t.equal(await (await gateway.fetch("/")).text(), "0");
    t.equal(asked, 2);
    t.same(gateway.faults, []);
  },
);

onEachEngine("rules are about methods and types", async (t, engine) => {
  const config = { maxSize: 10, rules: [{ methods: ["POST"], contentTypes: ["image/*"], maxSize: 20 }] };
  await using gateway = await testGateway({ plugins: [["body-limit", config]], upstream, engine });
  const status = async (init: RequestInit) => (await gateway.fetch("/", init)).status;
  t.equal(await status(post(20, "image/png")), 200);
  t.equal(await status(post(21, "image/png")), 413);
  t.equal(await status({ ...post(20, "image/png"), method: "PUT" }), 413);
  t.equal(await status(post(11)), 413);
});

onEachEngine("behind decompress it counts what was meant, and before it what came", async (t, engine) => {
  const packed = gzipSync("x".repeat(1000));
  t.ok(packed.length < 100);
  const init: RequestInit = {
    method: "POST",
    body: new Uint8Array(packed),
    headers: { "content-encoding": "gzip" },
  };
  const limit = ["body-limit", { maxSize: 100 }] as const;
  await using behind = await testGateway({ plugins: ["decompress", limit], upstream, engine });
  t.equal((await behind.fetch("/", init)).status, 413);
  await using before = await testGateway({ plugins: [limit, "decompress"], upstream, engine });
  t.equal(await (await before.fetch("/", init)).text(), "1000");
});

onEachEngine("a response that is too long is answered 502", async (t, engine) => {
  const service = () => new Response("x".repeat(11));
  const plugins = [["body-limit", { maxResponseSize: 10 }]] as const;
  await using gateway = await testGateway({ plugins, upstream: service, engine });
  const response = await gateway.fetch("/");
  t.equal(response.status, 502);
  t.match(await response.json(), { code: "response_too_large" });
});

// --- on real sockets

const chunked = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";

async function gatewayWith(t: Test, config: object) {
  const service = await startUpstream(t);
  return {
    service,
    gateway: await startBuiltInGateway(t, service.address, [{ plugin: "body-limit", config }]),
  };
}

t.test("a body in chunks is refused in the middle: 413, and the service sees a broken request", async (t) => {
  const { gateway, service } = await gatewayWith(t, { maxSize: 10 });
  const client = await gateway.connect();
  client.write(`${chunked}5\r\nhello\r\n`);
  const peer = await service.connection();
  await peer.take("hello");
  client.write("6\r\nworld!\r\n");
  const reply = await readMessage(client);
  t.equal(reply.status, 413);
  t.equal(field(reply, "connection"), "close");
  t.match(JSON.parse(reply.body), { code: "body_too_large" });
  const rest = await peer.takeRest().catch(() => "reset");
  t.notMatch(rest, /world|0\r\n\r\n/);
  client.close();
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test(
  "a client that goes on sending gets its answer: the connection is drained before it ends",
  async (t) => {
    const { gateway } = await gatewayWith(t, { maxSize: 10 });
    const client = await gateway.connect();
    client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n`);
    client.write("x".repeat(1_000_000));
    const reply = await readMessage(client);
    t.equal(reply.status, 413);
    t.equal(field(reply, "connection"), "close");
    client.close();
    t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
  },
);

t.test("a refused body is not taken for a request, and the connection goes on behind it", async (t) => {
  const targets: string[] = [];
  const service = await startUpstream(t, ({ startLine }) => {
    targets.push(startLine);
    return ok("here");
  });
  const use = { plugin: "body-limit", config: { maxSize: 10 } };
  const gateway = await startBuiltInGateway(t, service.address, [use]);
  const client = await gateway.connect();
  const smuggled = get("/smuggled");
  client.write(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
  t.equal((await readMessage(client)).status, 413);
  client.write(get("/next"));
  t.equal((await readMessage(client)).status, 200);
  t.same(targets, ["GET /next HTTP/1.1"]);
});

t.test("a client that waits for 100 Continue is refused before it sends its body", async (t) => {
  const { gateway, service } = await gatewayWith(t, { maxSize: 10 });
  const client = await gateway.connect();
  client.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  t.equal((await readMessage(client)).status, 413, "not 100");
  t.equal(service.connections.length, 0);
});

t.test("a response in chunks that grows too long breaks off", async (t) => {
  const service = await startUpstream(t);
  const use = { plugin: "body-limit", config: { maxResponseSize: 10 } };
  const gateway = await startBuiltInGateway(t, service.address, [use]);
  const client = await gateway.connect();
  client.write(get());
  const { peer } = await service.request();
  peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  await client.take("hello");
  peer.write("6\r\nworld!\r\n0\r\n\r\n");
  const rest = await client.takeRest().catch(() => "reset");
  t.notMatch(rest, /world|0\r\n\r\n/);
  t.strictSame(await untilNothingHeld(gateway, 5000), nothingHeld);
});

t.test("a body within its limit over a real connection passes as it came", async (t) => {
  const service = await startUpstream(t, ({ body, fields }) =>
    ok(`${body} ${fields.some(([name]) => name.toLowerCase() === "transfer-encoding")}`),
  );
  const gateway = await startBuiltInGateway(t, service.address, [
    { plugin: "body-limit", config: { maxSize: 10 } },
  ]);
  t.equal((await gateway.ask(`${chunked}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`)).body, "helloworld true");
});
