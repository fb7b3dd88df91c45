import assert from "node:assert/strict";
import { test } from "node:test";
import { testGateway } from "sluice/testing";

const policy = new URL("./ab-test.ts", import.meta.url);
const upstream = () => new Response("a");
const clusters = { next: () => new Response("b") };

test("a new visitor is given a side and keeps it", async () => {
  await using gateway = await testGateway({
    plugins: [[policy, { cluster: "next", share: 50 }]],
    upstream,
    clusters,
  });
  const first = await gateway.fetch("/");
  const side = await first.text();
  const [cookie] = first.headers.getSetCookie();
  assert.match(cookie!, new RegExp(`^side=${side}; `));
  for (let visit = 0; visit < 10; visit++) {
    const again = await gateway.fetch("/", { headers: { cookie: `theme=dark; side=${side}` } });
    assert.equal(await again.text(), side);
    assert.deepEqual(again.headers.getSetCookie(), []);
  }
});

test("the share is that of new visitors", async () => {
  const sideAt = async (share: number) => {
    await using gateway = await testGateway({
      plugins: [[policy, { cluster: "next", share }]],
      upstream,
      clusters,
    });
    return (await gateway.fetch("/")).text();
  };
  assert.equal(await sideAt(0), "a");
  assert.equal(await sideAt(100), "b");
});

test("a cookie that holds something else counts as none", async () => {
  await using gateway = await testGateway({
    plugins: [[policy, { cluster: "next", share: 0 }]],
    upstream,
    clusters,
  });
  const response = await gateway.fetch("/", { headers: { cookie: "side=x" } });
  assert.equal(response.headers.getSetCookie().length, 1);
});
