import assert from "node:assert/strict";
import { test } from "node:test";
import { testGateway } from "sluice/testing";

const policy = new URL("./authorizer.ts", import.meta.url);
const upstream = (request: Request) => new Response(request.headers.get("x-subject"));
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** An authorizer that knows one token and counts how often it is asked. */
function knows(token: string, sub: string) {
  const asked: string[] = [];
  const fetch = async (request: Request) => {
    assert.equal(request.url, "https://auth.internal/introspect");
    const found = new URLSearchParams(await request.text()).get("token")!;
    asked.push(found);
    return Response.json(found === token ? { active: true, sub } : { active: false });
  };
  return { asked, fetch };
}

test("the service learns the subject of a good token", async () => {
  const { fetch } = knows("good", "alice");
  await using gateway = await testGateway({ plugins: [policy], upstream, fetch });
  assert.equal(await (await gateway.fetch("/", bearer("good"))).text(), "alice");
});

test("no token and a bad one are refused", async () => {
  const { fetch, asked } = knows("good", "alice");
  await using gateway = await testGateway({ plugins: [policy], upstream, fetch });
  assert.equal((await gateway.fetch("/")).status, 401);
  assert.deepEqual(asked, []);
  assert.equal((await gateway.fetch("/", bearer("bad"))).status, 403);
});

test("an answer is remembered for its time and no longer", async () => {
  const { fetch, asked } = knows("good", "alice");
  await using gateway = await testGateway({ plugins: [[policy, { remember: 10 }]], upstream, fetch });
  await gateway.fetch("/", bearer("good"));
  await gateway.fetch("/", bearer("good"));
  assert.equal(asked.length, 1);
  await gateway.clock.advance(10_001);
  await gateway.fetch("/", bearer("good"));
  assert.equal(asked.length, 2);
});

test("while the authorizer is away nobody gets in, and that is not remembered", async () => {
  const { fetch } = knows("good", "alice");
  let isAway = true;
  await using gateway = await testGateway({
    plugins: [policy],
    upstream,
    fetch: (request) => (isAway ? Response.error() : fetch(request)),
  });
  assert.equal((await gateway.fetch("/", bearer("good"))).status, 503);
  assert.equal(gateway.log[0]!.message, "authorizer did not answer");
  isAway = false;
  assert.equal((await gateway.fetch("/", bearer("good"))).status, 200);
});

test("without the grants the plugin is not loaded", async () => {
  await assert.rejects(
    testGateway({ plugins: [{ plugin: policy, grants: { kv: true } }] }),
    /fetch https:\/\/auth\.internal, which is not granted/,
  );
});
