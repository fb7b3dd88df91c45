import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import t from "tap";
import type { Load } from "../../bench/load/load.ts";
import { holdConnections, ownGenerator } from "../../bench/load/own.ts";
import { stopChild } from "../../bench/process/child.ts";
import { startUpstream } from "../../bench/upstream/start.ts";

const plain: Load = { method: "GET", paths: ["/small"], body: "", connections: 2, close: false };

const loads: Record<string, Load> = {
  "small responses": plain,
  "large responses": { ...plain, paths: ["/big"] },
  "chunked responses": { ...plain, paths: ["/chunked"] },
  "request bodies": { ...plain, method: "POST", paths: ["/sink"], body: "x".repeat(16_384) },
  "a connection for every request": { ...plain, close: true },
  "several paths": { ...plain, paths: ["/service-0000/a", "/service-0001/a"] },
};

const upstream = await startUpstream(60_000);
const target = { port: upstream.port, tls: false };
t.teardown(() => stopChild(upstream.child));

for (const [what, load] of Object.entries(loads)) {
  t.test(`the generator and the upstream agree on ${what}`, async (t) => {
    const result = await ownGenerator(load, target, 0.2);
    t.ok(result.requests > 0);
    t.equal(result.errors, 0);
    t.ok(result.bytes > 0);
    t.ok(result.p50 > 0 && result.p99 >= result.p50);
  });
}

t.test("the generator holds connections that were answered", async (t) => {
  const held = await holdConnections(plain, target, 100);
  t.equal(held.open, 100);
  await stopChild(held.child);
});

t.test("the generator sends the fields of a load, and counts refusals as errors", async (t) => {
  const server = http.createServer(({ headers }, response) => {
    response.writeHead(headers["x-api-key"] === "k" ? 200 : 401, { "Content-Length": 2 }).end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => server.close());
  const gate = { port: (server.address() as AddressInfo).port, tls: false };
  const admitted = await ownGenerator({ ...plain, fields: { "x-api-key": "k" } }, gate, 0.2);
  t.ok(admitted.requests > 0);
  t.equal(admitted.errors, 0);
  const refused = await ownGenerator(plain, gate, 0.2);
  t.equal(refused.errors, refused.requests);
});
