/** Keys that an expression of CEL comes to. */
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { startBuiltInGateway } from "../../support/built-in-gateway.ts";
import { onEachEngine } from "../../support/each-engine.ts";
import { get } from "../../support/gateway.ts";
import { ok, startUpstream } from "../../support/raw-upstream.ts";

t.teardown(stopBundler);

type Engine = "inline" | "isolated-vm" | "quickjs";

const who = {
  name: "who",
  source: `export default { capabilities: { identity: true }, onRequest(request, ctx) {
    const tenant = request.headers.get("x-tenant");
    const claims = tenant === null ? {} : JSON.parse(tenant);
    ctx.identity = { subject: "s", method: "test", claims, scopes: [], groups: [] };
  } };`,
};

function start(expression: string, engine?: Engine, more: object = {}) {
  const config = { limits: [{ limit: 1, key: { expression }, ...more }] };
  return testGateway({
    plugins: [who, ["rate-limit", config]],
    clock: "stopped",
    ...(engine !== undefined && { engine }),
  });
}

onEachEngine("requests are counted by what the expression comes to", async (t, engine) => {
  const text = 'request.path.startsWith("/v2/") ? "v2" : request.method + request.headers["x-a"]';
  await using gateway = await start(text, engine);
  const ask = async (path: string, a: string, method = "GET") =>
    (await gateway.fetch(path, { method, headers: { "x-a": a } })).status;
  t.same([await ask("/", "1"), await ask("/other", "1")], [200, 429]);
  t.same([await ask("/", "2"), await ask("/", "1", "POST")], [200, 200]);
  t.same([await ask("/v2/a", "1"), await ask("/v2/b", "2")], [200, 429]);
  t.same(gateway.faults, []);
});

onEachEngine("what comes to no text is as a header that is missing", async (t, engine) => {
  for (const [missing, expected] of [
    ["address", [200, 429]],
    ["skip", [200, 200]],
  ] as const) {
    await using gateway = await start('identity.claims["tenant"]', engine, { missing });
    const ask = async (claims: string) =>
      (await gateway.fetch("/", { headers: { "x-tenant": claims } })).status;
    t.same(
      [await ask('{"tenant":"a"}'), await ask('{"tenant":"a"}'), await ask('{"tenant":"b"}')],
      [200, 429, 200],
    );
    t.same(
      [await ask('{"tenant":7}'), await ask('{"tenant":7}'), await ask('{"tenant":8}')],
      [200, 429, 200],
    );
    for (const claims of ["{}", '{"tenant":null}', '{"tenant":["a"]}']) {
      t.equal(await ask(claims), claims === "{}" ? expected[0] : expected[1], `${missing} ${claims}`);
    }
    t.same(gateway.faults, []);
  }
});

t.test("Attack: a key that is to be somebody's address, or another one's key", async (t) => {
  await using gateway = await start('request.headers["x-a"]');
  const ask = async (headers: Record<string, string>) => (await gateway.fetch("/", { headers })).status;
  t.equal(await ask({ "x-a": "@127.0.0.1" }), 200);
  t.equal(await ask({}), 200, "whose address it is counted by itself");
  t.equal(await ask({}), 429);
  const long = "x".repeat(4000);
  t.same([await ask({ "x-a": `${long}1` }), await ask({ "x-a": `${long}2` })], [200, 200]);
});

t.test("Attack: a field on which a pattern is to run for long", async (t) => {
  await using gateway = await start('request.headers["x-a"].matches("^(a+)+$") ? "a" : "b"');
  const begun = performance.now();
  const hostile = { "x-a": `${"a".repeat(5000)}!` };
  for (let turn = 0; turn < 5; turn++) await gateway.fetch("/", { headers: hostile });
  t.ok(performance.now() - begun < 2000);
  t.same(gateway.faults, []);
});

t.test("on real sockets", async (t) => {
  const service = await startUpstream(t, () => ok("here"));
  const config = { limits: [{ limit: 1, key: { expression: "request.path" } }] };
  const { ask } = await startBuiltInGateway(t, service.address, [{ plugin: "rate-limit", config }]);
  t.same(
    [(await ask(get("/a"))).status, (await ask(get("/a"))).status, (await ask(get("/b"))).status],
    [200, 429, 200],
  );
});
