import assert from "node:assert/strict";
import { test } from "node:test";
import { type TestGateway, testGateway } from "sluice/testing";

const policy = new URL("./rate-limit.ts", import.meta.url);

async function statuses(gateway: TestGateway, count: number, init?: RequestInit): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await gateway.fetch("/", init)).status);
  return found;
}

test("one more than the limit is refused, and told when to come again", async () => {
  await using gateway = await testGateway({ plugins: [[policy, { requests: 3 }]], clock: "stopped" });
  assert.deepEqual(await statuses(gateway, 3), [200, 200, 200]);
  const response = await gateway.fetch("/");
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "60");
  assert.equal(response.headers.get("x-ratelimit-remaining"), "0");
});

test("the limit counts from the first request of a window", async () => {
  const config = { requests: 2, window: 10 };
  await using gateway = await testGateway({ plugins: [[policy, config]], clock: "stopped" });
  assert.deepEqual(await statuses(gateway, 1), [200]);
  await gateway.clock.advance(9_999);
  assert.deepEqual(await statuses(gateway, 2), [200, 429]);
  await gateway.clock.advance(1);
  assert.deepEqual(await statuses(gateway, 3), [200, 200, 429]);
});

test("clients are told apart by a field, if the config says so", async () => {
  const config = { requests: 1, header: "x-client" };
  await using gateway = await testGateway({ plugins: [[policy, config]] });
  assert.deepEqual(await statuses(gateway, 2, { headers: { "x-client": "a" } }), [200, 429]);
  assert.deepEqual(await statuses(gateway, 2, { headers: { "x-client": "b" } }), [200, 429]);
});

test("a value of any length is counted, and is not taken for an address", async () => {
  const config = { requests: 1, header: "x-client" };
  await using gateway = await testGateway({ plugins: [[policy, config]], client: "192.0.2.1" });
  const long = "a".repeat(4000);
  assert.deepEqual(await statuses(gateway, 2, { headers: { "x-client": long } }), [200, 429]);
  assert.deepEqual(await statuses(gateway, 1, { headers: { "x-client": `${long}b` } }), [200]);
  assert.deepEqual(await statuses(gateway, 1, { headers: { "x-client": "192.0.2.1" } }), [200]);
  assert.deepEqual(await statuses(gateway, 1), [200]);
});

test("requests at the same time are all counted", async () => {
  await using gateway = await testGateway({ plugins: [[policy, { requests: 10 }]] });
  const all = await Promise.all(Array.from({ length: 30 }, () => gateway.fetch("/")));
  assert.equal(all.filter(({ status }) => status === 200).length, 10);
});
