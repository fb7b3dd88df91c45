import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { testGateway } from "sluice/testing";

const policy = new URL("./redact-lines.ts", import.meta.url);
const plugins = [[policy, { fields: ["email", "card"] }]] as const;
const orders = [
  { id: 1, email: "a@example.com", items: [{ name: "Käse €", card: "4111" }] },
  { id: 2, email: "b@example.com", items: [] },
];
const lines = orders.map((order) => `${JSON.stringify(order)}\n`).join("");
const redacted = '{"id":1,"items":[{"name":"Käse €"}]}\n{"id":2,"items":[]}\n';

/** A service that sends a text in parts of so many bytes, each in a chunk of its own. */
function inParts(text: string, size: number, type = "application/x-ndjson"): () => Response {
  const bytes = new TextEncoder().encode(text);
  return () => {
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve));
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
      },
    });
    return new Response(body, { headers: { "content-type": type } });
  };
}

test("fields are taken out at any depth, wherever the chunks are cut", async () => {
  for (const size of [1, 7, 50, 1000]) {
    await using gateway = await testGateway({ plugins, upstream: inParts(lines, size) });
    assert.equal(await (await gateway.fetch("/orders")).text(), redacted, `parts of ${size} bytes`);
  }
});

test("a last line without its end is not lost", async () => {
  await using gateway = await testGateway({ plugins, upstream: inParts(lines.trimEnd(), 20) });
  assert.equal(await (await gateway.fetch("/orders")).text(), redacted.trimEnd());
});

test("a line that is no JSON is not shown", async () => {
  await using gateway = await testGateway({
    plugins,
    upstream: inParts('email: a@example.com\n{"id":1}\n', 8),
  });
  assert.equal(await (await gateway.fetch("/orders")).text(), '{}\n{"id":1}\n');
});

test("other responses pass as they are", async () => {
  await using gateway = await testGateway({ plugins, upstream: inParts(lines, 20, "text/plain") });
  assert.equal(await (await gateway.fetch("/orders")).text(), lines);
});

test("a line without an end breaks the response off", async () => {
  const limited = [[policy, { fields: ["email"], longestLine: 100 }]] as const;
  await using gateway = await testGateway({ plugins: limited, upstream: inParts("x".repeat(500), 50) });
  await assert.rejects((await gateway.fetch("/orders")).text());
  assert.match(gateway.faults[0]!.message, /more than 100 characters/);
});

test("the service is asked for the whole, and for nothing that is encoded", async () => {
  let asked = new Headers();
  const upstream = (request: Request) => {
    asked = request.headers;
    return inParts(lines, 20)();
  };
  await using gateway = await testGateway({ plugins, upstream });
  const headers = { range: "bytes=17-25", "if-range": '"a"', "accept-encoding": "gzip" };
  const response = await gateway.fetch("/orders", { headers });
  assert.equal(await response.text(), redacted);
  assert.deepEqual([asked.get("range"), asked.get("if-range")], [null, null]);
  assert.equal(asked.get("accept-encoding"), "identity");
});

test("a part or an encoded response that comes all the same is not shown", async () => {
  const type = { "content-type": "application/x-ndjson" };
  const card = '"4111"';
  const parts = `--x\r\nContent-Type: application/x-ndjson\r\n\r\n${card}\r\n--x--`;
  for (const answer of [
    () => new Response(card, { status: 206, headers: type }),
    () =>
      new Response(parts, { status: 206, headers: { "content-type": "multipart/byteranges; boundary=x" } }),
    () => new Response(gzipSync(lines), { headers: { ...type, "content-encoding": "gzip" } }),
  ]) {
    await using gateway = await testGateway({ plugins, upstream: answer });
    const response = await gateway.fetch("/orders", { headers: { range: "bytes=17-25" } });
    assert.equal(response.status, 502);
    assert.doesNotMatch(await response.text(), /4111/);
  }
});

test("nothing tells about the bytes that were there", async () => {
  const fields = { etag: '"a"', "content-digest": "sha-256=:AA==:", "content-length": "600" };
  const upstream = () =>
    new Response(null, { headers: { "content-type": "Application/X-NDJSON", ...fields } });
  await using gateway = await testGateway({ plugins, upstream });
  const { headers } = await gateway.fetch("/orders", { method: "HEAD" });
  for (const name of Object.keys(fields)) assert.equal(headers.get(name), null, name);
});
