import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { testGateway } from "sluice/testing";

const policy = new URL("./api-key.ts", import.meta.url);
const config = { clients: [{ name: "acme", sha256: createHash("sha256").update("secret").digest("hex") }] };
const upstream = ({ headers }: Request) =>
  Response.json({ client: headers.get("x-client"), key: headers.get("x-api-key") });

test("a request without a key is refused before it reaches the service", async () => {
  const upstream = () => assert.fail("the service was asked");
  await using gateway = await testGateway({ plugins: [[policy, config]], upstream });
  assert.equal((await gateway.fetch("/")).status, 401);
  assert.equal(gateway.metrics.counter("refused"), 1);
});

test("a wrong key is refused, and a client cannot name itself", async () => {
  await using gateway = await testGateway({ plugins: [[policy, config]], upstream });
  const headers = { "x-api-key": "guess", "x-client": "acme" };
  assert.equal((await gateway.fetch("/", { headers })).status, 403);
});

test("the service learns who it is, and not the key", async () => {
  await using gateway = await testGateway({ plugins: [[policy, config]], upstream });
  const headers = { "x-api-key": "secret", "x-client": "somebody else" };
  const response = await gateway.fetch("/", { headers });
  assert.deepEqual(await response.json(), { client: "acme", key: null });
});

test("a config with a key instead of its hash is refused", async () => {
  const plain = { clients: [{ name: "acme", sha256: "secret" }] };
  await assert.rejects(testGateway({ plugins: [[policy, plain]] }), /config.*sha256/s);
});
