import assert from "node:assert/strict";
import { test } from "node:test";
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
