/** What a plugin has because it is built in, and what it has not. */
import t, { type Test } from "tap";
import { noGrants } from "../../core/config/defaults.ts";
import type { Grants, PluginSettings } from "../../core/config/model.ts";
import { decideGrants, engineNameOf } from "../../core/policy/built-in.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { onEachEngine } from "../support/each-engine.ts";
import { get } from "../support/gateway.ts";
import { type PolicySettings, startPolicyGateway } from "../support/policies.ts";
import { ok, startUpstream } from "../support/raw-upstream.ts";

t.teardown(stopBundler);

function settings(part: Partial<PluginSettings>): PluginSettings {
  return { engine: null, config: null, limits: {}, grants: noGrants, onFailure: null, ...part };
}

const granting = (grants: Partial<Grants>) => settings({ grants: { ...noGrants, ...grants } });
const declared: Grants = { ...noGrants, fetch: ["https://a.test"], kv: true, env: ["KEY"] };

t.test("a built-in plugin runs in the proxy itself, unless the settings say where", async (t) => {
  t.equal(engineNameOf({ builtIn: true }, null), "inline");
  t.equal(engineNameOf({ builtIn: true }, settings({})), "inline");
  t.equal(engineNameOf({ builtIn: true }, settings({ engine: "quickjs" })), "quickjs");
  t.equal(engineNameOf({}, null), null);
  t.equal(engineNameOf({}, settings({ engine: "inline" })), "inline");
});

t.test("a plugin of the folder has what it declares when all of it is granted", async (t) => {
  t.same(decideGrants({}, declared, null, false).missing, ["fetch https://a.test", "kv", "env KEY"]);
  t.same(decideGrants({}, declared, granting({ kv: true }), false).missing, [
    "fetch https://a.test",
    "env KEY",
  ]);
  const more = granting({ ...declared, env: ["KEY", "OTHER"] });
  t.same(decideGrants({}, declared, more, false), { grants: declared, missing: [] });
  t.same(decideGrants({}, declared, null, true), { grants: declared, missing: [] });
});

t.test("a built-in one has store and variables unasked, and fetches where it is granted", async (t) => {
  const builtIn = { builtIn: true };
  const undemanding = { ...declared, fetch: [] };
  t.same(decideGrants(builtIn, undemanding, null, false), {
    grants: { ...noGrants, kv: true, env: ["KEY"] },
    missing: [],
  });
  const fetch = ["https://b.test"];
  t.same(decideGrants(builtIn, undemanding, granting({ fetch, env: ["KEY", "B"] }), false), {
    grants: { ...noGrants, fetch, kv: true, env: ["KEY", "B"] },
    missing: [],
  });
  t.same(decideGrants(builtIn, declared, granting({ fetch }), false).missing, ["fetch https://a.test"]);
  t.same(decideGrants(builtIn, declared, granting({ fetch }), true), {
    grants: { ...noGrants, fetch: ["https://a.test", "https://b.test"], kv: true, env: ["KEY"] },
    missing: [],
  });
  t.same(
    decideGrants(builtIn, noGrants, null, false).grants,
    noGrants,
    "and nothing that it does not declare",
  );
});

const asking = `export default {
  capabilities: { kv: true },
  async onRequest(request, ctx) {
    const count = await ctx.kv.increment("n");
    const tries = await Promise.allSettled(["https://granted.test", "https://other.test"].map((url) => fetch(url)));
    return Response.json({ count, refusals: tries.map(({ reason }) => String(reason?.name)) });
  },
};`;

/** A gateway whose plugin is built in, or not. */
async function start(t: Test, builtIn: boolean, more: Partial<PolicySettings>) {
  const service = await startUpstream(t, () => ok("here"));
  return startPolicyGateway(t, service.address, {
    plugins: { "asking.ts": asking },
    grantDeclared: false,
    route: { policies: [{ plugin: "asking", config: null }] },
    bundle: async (own) => ({ ...own, plugins: own.plugins.map((code) => ({ ...code, builtIn })) }),
    ...more,
  });
}

onEachEngine("the grants of a built-in plugin hold where its code runs", async (t, engine) => {
  const grants = { ...noGrants, fetch: ["https://granted.test"] };
  const gateway = await start(t, true, { engine, settings: { asking: { grants, engine } } });
  const { count, refusals } = JSON.parse((await gateway.ask(get())).body);
  t.equal(count, 1);
  t.not(refusals[0], "NotAllowedError", "the network said no, and not the proxy");
  t.equal(refusals[1], "NotAllowedError");
});

t.test("the same code in a file of the operator has to be granted the store", async (t) => {
  await t.rejects(start(t, false, {}), { message: /asks for kv, which is not granted/ });
});

t.test("an unknown name is told with those of the folder and those that are built in", async (t) => {
  const route = { policies: [{ plugin: "security-header", config: null }] };
  const bundle: PolicySettings["bundle"] = async (own) => ({ ...own, offered: ["security-headers"] });
  await t.rejects(start(t, false, { route, bundle }), {
    message:
      'Route upstream uses the plugin security-header: there are asking (did you mean "security-headers"?); built in: security-headers',
  });
});
