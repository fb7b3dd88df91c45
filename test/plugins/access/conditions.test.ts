/** Each condition of a rule by itself: what holds, and what does not. */
import t from "tap";
import { stopBundler } from "../../../core/reload/bundle.ts";
import { testGateway } from "../../../core/testing/index.ts";
import { conditionsOf, type RuleConfig } from "../../../plugins/access/conditions.ts";
import type { Facts } from "../../../plugins/shared/cel/request-facts.ts";
import { onEachEngine } from "../../support/each-engine.ts";

t.teardown(stopBundler);

const alice = {
  subject: "alice",
  method: "test",
  claims: { tenant: "shop" },
  scopes: ["read"],
  groups: ["staff"],
};
const facts = (more: Partial<Facts> = {}): Facts => ({
  method: "GET",
  url: "https://a.test/x?y=1",
  headers: new Headers({ "user-agent": "Bot/1", "x-a": "1" }),
  address: "10.0.0.7",
  route: "main",
  sender: alice,
  ...more,
});
const holds = (rule: RuleConfig, more: Partial<Facts> = {}) =>
  conditionsOf(rule).every((condition) => condition(facts(more)));

t.test("a condition holds for what it names, and for nothing else", (t) => {
  const cases: readonly [rule: RuleConfig, otherwise: Partial<Facts>][] = [
    [{ addresses: ["10.0.0.0/8"] }, { address: "11.0.0.1" }],
    [{ notAddresses: ["11.0.0.0/8"] }, { address: "11.0.0.1" }],
    [{ methods: ["GET"] }, { method: "get" }],
    [{ headers: { "x-a": true } }, { headers: new Headers() }],
    [{ headers: { "x-b": false } }, { headers: new Headers({ "x-b": "" }) }],
    [{ headers: { "x-a": "1" } }, { headers: new Headers({ "x-a": "11" }) }],
    [{ headers: { "x-a": ["1", "2"] } }, { headers: new Headers({ "x-a": "1, 2" }) }],
    [{ userAgents: ["bot"] }, { headers: new Headers({ "user-agent": "browser" }) }],
    [{ userAgents: ["bot"] }, { headers: new Headers() }],
    [{ authenticated: true }, { sender: null }],
    [{ authenticated: true, methods: ["GET"] }, { method: "PUT" }],
    [{ subjects: ["bob", "alice"] }, { sender: { ...alice, subject: "alice2" } }],
    [{ subjects: ["alice"] }, { sender: null }],
    [{ scopes: ["read"] }, { sender: { ...alice, scopes: ["write"] } }],
    [{ groups: ["staff", "admin"] }, { sender: { ...alice, groups: [] } }],
    [{ claims: { tenant: ["shop", "inn"] } }, { sender: { ...alice, claims: { tenant: "other" } } }],
    [{ claims: { tenant: "shop" } }, { sender: { ...alice, claims: Object.create({ tenant: "shop" }) } }],
    [{ expression: "route == 'main'" }, { route: "other" }],
  ];
  for (const [rule, otherwise] of cases) {
    const title = JSON.stringify(rule);
    t.ok(holds(rule), title);
    t.notOk(holds(rule, otherwise), title);
  }
  t.ok(holds({ authenticated: false }, { sender: null }));
  t.notOk(holds({ authenticated: false }));
  t.ok(holds({}), "a rule that says nothing holds");
  t.end();
});

onEachEngine(
  "bodies are held to the number of their values and to names that are there once",
  async (t, engine) => {
    const config = { body: { json: { maxValues: 3 } } };
    await using gateway = await testGateway({ plugins: [["access", config]], engine });
    const ask = async (body: string) =>
      (await gateway.fetch("/", { method: "POST", headers: { "content-type": "application/json" }, body }))
        .status;
    t.same([await ask("[1,2]"), await ask("[1,2,3]")], [200, 400]);
    t.same([await ask('{"a":1,"b":1}'), await ask('{"a":1,"a":1}')], [200, 400]);
    await gateway.reload([["access", { body: { json: { duplicateKeys: true } } }]]);
    t.equal(await ask('{"a":1,"a":1}'), 200);
  },
);
