import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { testGateway } from "sluice/testing";

const policy = new URL("./sign-requests.ts", import.meta.url);
const secret = "correct horse battery staple";

test("the service can check when it was sent, and that nothing was changed", async () => {
  await using gateway = await testGateway({
    plugins: [policy],
    env: { SIGNING_SECRET: secret },
    upstream(request) {
      const { pathname, search } = new URL(request.url);
      const field = request.headers.get("x-signature") ?? "";
      const [, time, signature] = /^keyId=sluice, time=(\d+), signature=(\S+)$/.exec(field) ?? [];
      const text = `${time}\n${request.method}\n${pathname}${search}`;
      assert.equal(signature, createHmac("sha256", secret).update(text).digest("base64"));
      assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 60);
      return new Response("checked");
    },
  });
  const response = await gateway.fetch("/transfer?to=7", { method: "POST", body: "100" });
  assert.equal(await response.text(), "checked");
});

test("without the secret the policy is not loaded, and the message leads to the line", async () => {
  await assert.rejects(testGateway({ plugins: [policy] }), (error: Error) => {
    assert.match(error.message, /sign-requests\.ts:\d+:\d+: Error in setup: SIGNING_SECRET is not set/);
    assert.match(error.message, /> \d+ \|.*SIGNING_SECRET is not set/);
    return true;
  });
});
