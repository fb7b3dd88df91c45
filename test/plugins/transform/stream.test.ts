import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

/** A response whose parts come one by one. */
function streamed(
  parts: readonly (string | Uint8Array)[],
  type: string,
  headers: Record<string, string> = {},
): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    async start(controller) {
      for (const part of parts) {
        controller.enqueue(typeof part === "string" ? encoder.encode(part) : part);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": type, ...headers } });
}

onEachEngine("texts of a response are replaced as it passes, also across its parts", async (t, engine) => {
  const parts = ["<p>int", "ernal.example caf", Uint8Array.of(0xc3), Uint8Array.of(0xa9), " intern</p>"];
  const upstream = () => streamed(parts, "text/html; charset=utf-8", { etag: '"a"', "content-md5": "x" });
  const config = { response: [{ texts: [{ find: "internal.example", put: "public.example" }] }] };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const response = await gateway.fetch("/");
  t.equal(await response.text(), "<p>public.example café intern</p>");
  t.equal(response.headers.get("etag"), 'W/"a"');
  t.equal(response.headers.get("content-md5"), null);
  t.same(gateway.faults, []);
});

onEachEngine("each line and each event is edited, by expressions too", async (t, engine) => {
  let type = "application/x-ndjson";
  const bodies: Record<string, string[]> = {
    "application/x-ndjson": ['{"id":1,"pass', 'word":"p"}\n{"id":', "2}\n"],
    "text/event-stream": ['data: {"id":1,"password":"p"}', '\n\ndata: {"id":2}\n', "\n"],
  };
  const lines = [
    { op: "mask", path: "/password" },
    { op: "jsonata", expression: '$merge([$, {"by": $source("request-header.x-user")}])' },
  ];
  const upstream = () => streamed(bodies[type]!, type);
  await using gateway = await testGateway({
    plugins: [["transform", { response: [{ lines }] }]],
    upstream,
    engine,
  });
  const ask = async () => (await gateway.fetch("/", { headers: { "x-user": "u" } })).text();
  t.equal(await ask(), '{"id":1,"password":"***","by":"u"}\n{"id":2,"by":"u"}\n');
  type = "text/event-stream";
  t.equal(await ask(), 'data: {"id":1,"password":"***","by":"u"}\n\ndata: {"id":2,"by":"u"}\n\n');
  t.same(gateway.faults, []);
});

onEachEngine("the body of a request is edited as it passes", async (t, engine) => {
  const bodies: string[] = [];
  const upstream = async (request: Request) => {
    bodies.push(await request.text());
    return new Response();
  };
  const config = {
    request: [
      {
        lines: [{ op: "set", path: "/who", value: "{header.x-user}" }],
        texts: [{ find: "secret", put: "***" }],
      },
    ],
  };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const post = (body: string, type: string) =>
    gateway.fetch("/", { method: "POST", body, headers: { "content-type": type, "x-user": "u" } });
  await post('{"a":"secret"}\n{"b":""}\n', "application/jsonl");
  await post("a secret", "text/plain");
  await post("a secret", "image/png");
  t.same(bodies, ['{"a":"***","who":"u"}\n{"b":"","who":"u"}\n', "a ***", "a secret"]);
  t.same(gateway.faults, []);
});

onEachEngine("a body that is edited whole is edited in its texts, too", async (t, engine) => {
  const upstream = () => Response.json({ a: "secret", b: "secret" });
  const config = {
    response: [{ json: [{ op: "remove", path: "/b" }], texts: [{ find: "secret", put: "***" }] }],
  };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  t.equal(await (await gateway.fetch("/")).text(), '{"a":"***"}');
});

onEachEngine("a body in another coding or charset, or a part of one, is refused", async (t, engine) => {
  let answer = () => new Response("a", { headers: { "content-type": "text/plain" } });
  const texts = [{ find: "secret" }];
  const config = { request: [{ texts }], response: [{ texts }] };
  await using gateway = await testGateway({
    plugins: [["transform", config]],
    upstream: () => answer(),
    engine,
  });
  const status = async (headers: Record<string, string>) =>
    (await gateway.fetch("/", { method: "POST", body: "a", headers })).status;
  t.equal(await status({ "content-type": "text/plain" }), 200);
  t.equal(await status({ "content-type": "text/plain", "content-encoding": "gzip" }), 415);
  t.equal(await status({ "content-type": "text/plain; charset=utf-16" }), 415);
  t.equal(
    await status({ "content-type": "image/png", "content-encoding": "gzip" }),
    200,
    "rules are not for it",
  );
  answer = () => new Response("a", { headers: { "content-type": "text/plain", "content-encoding": "br" } });
  t.equal(await status({}), 502);
  answer = () =>
    new Response("a", {
      status: 206,
      headers: { "content-type": "text/plain", "content-range": "bytes 0-0/9" },
    });
  t.equal(await status({}), 502);
  const parts = { "content-type": "multipart/byteranges; boundary=x" };
  answer = () => new Response("--x--", { status: 206, headers: parts });
  t.equal(await status({}), 502, "parts of what nobody can tell");
  t.same(gateway.faults, []);
});

onEachEngine("lines of a client that are no JSON are no faults of the policy", async (t, engine) => {
  const bodies: string[] = [];
  const upstream = async (request: Request) => {
    bodies.push(await request.text());
    return new Response();
  };
  const config = { maxLine: 100, request: [{ lines: [{ op: "remove", path: "/a" }] }] };
  await using gateway = await testGateway({ plugins: [["transform", config]], upstream, engine });
  const headers = { "content-type": "application/x-ndjson" };
  for (let turn = 0; turn < 8; turn++) {
    await gateway.fetch("/", {
      method: "POST",
      body: `{"a":\n{"a":"${"x".repeat(200)}"}\n{"a":1}\n`,
      headers,
    });
  }
  t.same(bodies, Array(8).fill("{}\n"));
  t.same(gateway.faults, []);
});

t.test("an event of a real response is here before the next one is there", async (t) => {
  const service = await startUpstream(t);
  const config = { response: [{ lines: [{ op: "mask", path: "/a" }] }] };
  const { connect } = await startBuiltInGateway(t, service.address, [{ plugin: "transform", config }]);
  const client = await connect();
  client.write(get("/"));
  const { peer } = await service.request();
  peer.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const value of ["one", "two"]) {
    const event = `data: {"a":"${value}"}\n\n`;
    peer.write(`${event.length.toString(16)}\r\n${event}\r\n`);
    t.match(await client.take(/data: .*\n\n/), 'data: {"a":"***"}\n\n');
  }
  peer.write("0\r\n\r\n");
  t.match(await client.take("0\r\n\r\n"), /0\r\n\r\n$/);
});

t.test("a response that is broken off is broken off for the client, too", async (t) => {
  const service = await startUpstream(t);
  const config = { response: [{ lines: [{ op: "mask", path: "/a" }] }] };
  const { connect } = await startBuiltInGateway(t, service.address, [{ plugin: "transform", config }]);
  const client = await connect();
  client.write(get("/"));
  const { peer } = await service.request();
  peer.write(
    'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 99\r\n\r\n{"a":"b"}\n{"a":"sec',
  );
  const shown = await client.take(/\{.*\}\n/);
  t.match(shown, '{"a":"***"}');
  peer.reset();
  const rest = await client.takeRest().catch(() => "");
  t.notMatch(rest, /sec/, "half a line is not shown");
  t.notMatch(rest, /0\r\n\r\n/, "it does not look whole");
});
