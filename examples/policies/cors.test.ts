import assert from "node:assert/strict";
import { test } from "node:test";
import { testGateway } from "sluice/testing";

const policy = new URL("./cors.ts", import.meta.url);
const plugins = [[policy, { origins: ["https://app.example.com"] }]] as const;
const preflight = (origin: string) => ({
  method: "OPTIONS",
  headers: { origin, "access-control-request-method": "PUT" },
});

test("a preflight request is answered without the service", async () => {
  const upstream = () => assert.fail("the service was asked");
  await using gateway = await testGateway({ plugins, upstream });
  const response = await gateway.fetch("/orders/1", preflight("https://app.example.com"));
  assert.equal(response.status, 204);
  assert.equal(response.headers.get("access-control-allow-origin"), "https://app.example.com");
  assert.match(response.headers.get("access-control-allow-methods")!, /\bPUT\b/);
  assert.equal(response.headers.get("vary"), "origin");
});

test("other origins are not let in", async () => {
  await using gateway = await testGateway({ plugins });
  const response = await gateway.fetch("/orders/1", preflight("https://evil.example"));
  assert.equal(response.status, 403);
  assert.equal(response.headers.get("access-control-allow-origin"), null);
});

test("responses of the service are marked for the origin that asked", async () => {
  const upstream = () => new Response("order", { headers: { vary: "accept" } });
  await using gateway = await testGateway({ plugins, upstream });
  const allowed = await gateway.fetch("/orders/1", { headers: { origin: "https://app.example.com" } });
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://app.example.com");
  assert.equal(allowed.headers.get("vary"), "accept, origin");
  const other = await gateway.fetch("/orders/1");
  assert.equal(other.headers.get("access-control-allow-origin"), null);
});

test("an OPTIONS request that is no preflight is the service's", async () => {
  const upstream = () => new Response(null, { status: 204, headers: { allow: "GET" } });
  await using gateway = await testGateway({ plugins, upstream });
  const response = await gateway.fetch("/orders/1", { method: "OPTIONS" });
  assert.equal(response.headers.get("allow"), "GET");
});
