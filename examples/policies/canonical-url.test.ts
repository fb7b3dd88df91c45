import assert from "node:assert/strict";
import { test } from "node:test";
import { testGateway } from "sluice/testing";

const policy = new URL("./canonical-url.ts", import.meta.url);
const plugins = [[policy, { host: "example.com" }]] as const;

test("every other form leads to the canonical one, which is answered", async () => {
  await using gateway = await testGateway({ plugins });
  const forms = {
    "http://example.com/a": "https://example.com/a",
    "https://www.example.com/a?b=1": "https://example.com/a?b=1",
    "https://example.com/a/": "https://example.com/a",
    "https://example.com//evil.example/": "https://example.com/evil.example",
  };
  for (const [from, to] of Object.entries(forms)) {
    const response = await gateway.fetch(from);
    assert.equal(response.status, 308, from);
    assert.equal(response.headers.get("location"), to);
    assert.equal((await gateway.fetch(to)).status, 200, to);
  }
});

test("the front page keeps its slash", async () => {
  await using gateway = await testGateway({ plugins });
  assert.equal((await gateway.fetch("https://example.com/")).status, 200);
});

test("a path of many slashes takes no time, wherever they are", async () => {
  await using gateway = await testGateway({ plugins });
  const slashes = "/".repeat(8000);
  assert.equal((await gateway.fetch(`https://example.com/a${slashes}x`)).status, 200);
  const response = await gateway.fetch(`https://example.com/a${slashes}`);
  assert.equal(response.headers.get("location"), "https://example.com/a");
});
