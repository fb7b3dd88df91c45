import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { noGrants } from "../../core/config/defaults.ts";
import { configFromFlags } from "../../core/config/from-flags.ts";
import { markSecrets, maskConfig } from "../../core/config/mask.ts";
import type {
  ClusterConfig,
  Config,
  PluginSettings,
  PolicyConfig,
  RouteConfig,
} from "../../core/config/model.ts";
import { catchAllRoute, plainCluster } from "../../core/config/overrides.ts";
import { stopBundler } from "../../core/reload/bundle.ts";
import { createBundleBuilder } from "../../core/reload/bundle-builder.ts";
import { changedPlugins, generationId, policyPart, withPolicyPart } from "../../core/reload/generation.ts";
import { PluginError } from "../../core/reload/problem.ts";
import { folderWith } from "./folder.ts";

t.teardown(stopBundler);

const plugin = (text: string) => `export default { onRequest: () => new Response("${text}") };\n`;

const settings: PluginSettings = {
  engine: null,
  config: { key: "old" },
  limits: {},
  grants: { ...noGrants, kv: true },
  onFailure: null,
};

const own = new Set(["a"]);

function config(policies: Readonly<Record<string, readonly PolicyConfig[] | null>>, own = settings): Config {
  const base = configFromFlags({});
  return {
    ...base,
    routes: Object.entries(policies).map(([name, list]) => ({
      ...catchAllRoute(name),
      isNamed: true,
      policies: list,
    })),
    plugins: { ...base.plugins, directory: "plugins", settings: { a: own } },
  };
}

t.test("a folder becomes a bundle, with what a watch has to see", async (t) => {
  const folder = folderWith(t, { "20-b.ts": plugin("b"), "10-a.ts": plugin("a"), "notes.md": "" });
  const { bundle, inputs, warnings } = await createBundleBuilder().build(folder);
  t.match(bundle.plugins, [
    { name: "a", file: join(folder, "10-a.ts"), script: { name: "sluice:plugin/a" }, folder },
    { name: "b" },
  ]);
  t.same(inputs, [join(folder, "10-a.ts"), join(folder, "20-b.ts")]);
  t.same(warnings, []);
});

t.test("the problems of all plugins come together, with the files of all", async (t) => {
  const folder = folderWith(t, { "a.ts": "let = ;", "b.ts": plugin("b"), "c.ts": `import "node:fs"` });
  const error = await createBundleBuilder()
    .build(folder)
    .catch((error: unknown) => error);
  t.ok(error instanceof PluginError);
  const { problems, inputs } = error as PluginError;
  t.same(
    problems.map(({ file, line }) => [file, line]),
    [
      [join(folder, "a.ts"), 1],
      [join(folder, "c.ts"), 1],
    ],
  );
  t.same(new Set(inputs), new Set(["a.ts", "b.ts", "c.ts"].map((name) => join(folder, name))));
});

t.test("a generation is told by its code and by its policies, not by the rest of the config", async (t) => {
  const folder = folderWith(t, { "a.ts": plugin("1") });
  const builder = createBundleBuilder();
  const { bundle } = await builder.build(folder);
  const id = generationId(bundle, config({ all: null }));
  t.equal(generationId((await builder.build(folder)).bundle, config({ all: null })), id);
  t.equal(generationId(bundle, { ...config({ all: null }), workers: 7 }), id);
  t.not(generationId(bundle, config({ all: [] })), id);
  t.not(generationId(bundle, config({ all: null }, { ...settings, onFailure: "open" })), id);
  writeFileSync(join(folder, "a.ts"), plugin("2"));
  t.not(generationId((await builder.build(folder)).bundle, config({ all: null })), id);
});

t.test(
  "old policies come back without a grant that was taken back, and new routes keep theirs",
  async (t) => {
    const old = config({ all: [{ plugin: "a", config: { key: "route" } }], gone: null });
    const revoked = { ...settings, config: { key: "new" }, grants: noGrants };
    const now = config({ all: [], added: [{ plugin: "a", config: null }] }, revoked);
    const both = withPolicyPart(now, policyPart(old), own);
    t.same(
      both.routes.map(({ name, policies }) => [name, policies]),
      [
        ["all", [{ plugin: "a", config: { key: "route" } }]],
        ["added", [{ plugin: "a", config: null }]],
      ],
    );
    t.match(both.plugins.settings["a"], { config: { key: "old" }, grants: { kv: false } });
    const forgotten = { ...now, plugins: { ...now.plugins, settings: {} } };
    t.match(withPolicyPart(forgotten, policyPart(old), own).plugins.settings["a"], { grants: { kv: false } });
  },
);

t.test("what is said of built-in policies stays, and with it the route's own ones", (t) => {
  const lock = { plugin: "access", config: { deny: [] } };
  const old = policyPart({
    ...config({ open: [{ plugin: "a", config: 1 }, lock], locked: [{ plugin: "a", config: 1 }], all: null }),
    plugins: { ...config({}).plugins, settings: { a: settings, access: settings } },
  });
  const now = config({
    open: [lock, { plugin: "a", config: 2 }],
    locked: [{ plugin: "a", config: 2 }, lock],
    all: [{ plugin: "a", config: 2 }],
  });
  const { routes, plugins } = withPolicyPart(now, old, own);
  t.same(
    routes.map(({ policies }) => policies),
    [[{ plugin: "a", config: 1 }, lock], [{ plugin: "a", config: 2 }, lock], null],
  );
  t.same(Object.keys(plugins.settings), ["a"], "settings of built-in ones neither come back nor go");
  const replaced = withPolicyPart(now, old, new Set(["a", "access"]));
  t.same(
    replaced.routes[1]!.policies,
    [{ plugin: "a", config: 1 }],
    "a plugin of the folder by that name is none",
  );
  t.end();
});

/** Without a name of the operator's. */
function unnamed(name: string, path: string, ...plugins: string[]): RouteConfig {
  const route = catchAllRoute(name);
  const match = { ...route.match, path: { kind: "prefix", value: path } } as const;
  return { ...route, match, policies: plugins.map((plugin) => ({ plugin, config: null })) };
}

t.test(
  "Attack: a route without a name is known by its match, not by its place among the others",
  async (t) => {
    const withRoutes = (...routes: RouteConfig[]) => ({ ...config({}), routes });
    const old = withRoutes(unnamed("app", "/admin", "a"), unnamed("app-2", "/public", "b"));
    const older = (...routes: RouteConfig[]) =>
      withPolicyPart(withRoutes(...routes), policyPart(old), own).routes.map(({ policies }) =>
        policies?.map(({ plugin }) => plugin),
      );
    t.same(
      older(unnamed("app", "/shop", "c"), unnamed("app-2", "/admin", "c"), unnamed("app-3", "/public", "c")),
      [["c"], ["a"], ["b"]],
    );
    t.same(older(unnamed("app", "/other", "c"), unnamed("app-2", "/else", "c")), [["c"], ["c"]]);
    const named = { ...unnamed("app", "/shop", "c"), isNamed: true };
    t.same(older(named), [["c"]], "a name that was made is not the same name of the operator's");
    t.same(
      older(unnamed("app", "/admin", "c"), unnamed("app-2", "/admin", "c")),
      [["a"], ["c"]],
      "of equal matches the first gets the requests",
    );
    const { bundle } = await createBundleBuilder().build(folderWith(t, { "a.ts": plugin("1") }));
    const before = { bundle, policies: policyPart(old) };
    const shifted = withRoutes(unnamed("app", "/shop", "a", "a"), ...old.routes);
    t.same([...changedPlugins(before, { bundle, policies: policyPart(shifted) })!], []);
    const opened = withRoutes(unnamed("app", "/public", "a"), unnamed("app-2", "/admin", "b"));
    t.same([...changedPlugins(before, { bundle, policies: policyPart(opened) })!], ["a"]);
    t.not(
      generationId(bundle, withRoutes(unnamed("app", "/x", "a"))),
      generationId(bundle, withRoutes(unnamed("app", "/y", "a"))),
    );
  },
);

t.test("what a version kept that went by names of all routes says nothing of them", (t) => {
  const kept = { routes: { all: [] }, settings: {} };
  const now = config({ all: [{ plugin: "a", config: null }] });
  t.same(withPolicyPart(now, kept, own).routes, now.routes);
  t.end();
});

t.test("Attack: secrets of both configs stay hidden in the config for older code", (t) => {
  const old = config({ all: [{ plugin: "a", config: "first-secret" }], now: null });
  markSecrets(old, new Set(["first-secret"]));
  const now = config({
    all: [{ plugin: "a", config: "second-secret" }],
    now: [{ plugin: "access", config: "second-secret" }],
  });
  markSecrets(now, new Set(["second-secret"]));
  const shown = maskConfig(withPolicyPart(now, policyPart(old), own));
  t.same(
    shown.routes.map(({ policies }) => policies),
    [[{ plugin: "a", config: "***" }], [{ plugin: "access", config: "***" }]],
  );
  t.end();
});

t.test("what is to answer for faults is what changed", async (t) => {
  const folder = folderWith(t, { "a.ts": plugin("1"), "b.ts": plugin("1") });
  const builder = createBundleBuilder();
  const { bundle } = await builder.build(folder);
  const policies = (list: readonly PolicyConfig[] | null, own = settings) =>
    policyPart(config({ r: list }, own));
  const [a, b, other] = [
    { plugin: "a", config: null },
    { plugin: "b", config: null },
    { plugin: "access", config: {} },
  ] as const;
  const old = { bundle, policies: policies([a, b]) };
  const changed = (policies: ReturnType<typeof policyPart>) => [
    ...(changedPlugins(old, { bundle, policies }) ?? "all"),
  ];
  t.same(changed(old.policies), []);
  t.same(changed(policies([other, a, b])), [], "not built-in ones");
  t.same(changed(policies([{ ...a, config: 1 }, b])), ["a"]);
  t.same(changed(policies([b, a])), ["a", "b"]);
  t.same(changed(policies([a])), ["a", "b"]);
  t.same(changed(policies(null)), ["a", "b"]);
  t.same(changed(policies([a, b], { ...settings, config: 7 })), ["a"]);
  t.same(changed(policies([a, b], { ...settings, onFailure: "open" })), ["a"]);
  t.same(changed(policyPart(config({ r: [a, b], added: [a] }))), [], "nor new routes");
  writeFileSync(join(folder, "a.ts"), plugin("2"));
  const next = (await builder.build(folder)).bundle;
  t.equal(changedPlugins(old, { bundle: next, policies: old.policies }), null);
});

t.test("old policies run where the config says now, and within its limits", async (t) => {
  const trusted: PluginSettings = { ...settings, engine: "inline", limits: { cpu: 1000, memory: 2 ** 30 } };
  const old = policyPart(config({ all: null }, trusted));
  const now = config({ all: null }, { ...settings, engine: "quickjs", limits: { cpu: 10 } });
  t.same(withPolicyPart(now, old, own).plugins.settings["a"], {
    ...settings,
    engine: "quickjs",
    limits: { cpu: 10 },
  });
  const forgotten = { ...now, plugins: { ...now.plugins, settings: {} } };
  t.match(withPolicyPart(forgotten, old, own).plugins.settings["a"], { engine: null, limits: {} });
  t.same(withPolicyPart(forgotten, old, own).plugins.settings["a"]?.limits, {});
});

t.test("old code finds endpoints with the config that it had", async (t) => {
  const finding = (name: string, config: unknown): ClusterConfig => {
    const discovery = { kind: "plugin", plugin: "a", every: 1000, config } as const;
    return { ...plainCluster(name, []), discovery };
  };
  const old = {
    ...config({}),
    clusters: [finding("app", { v: 1 }), finding("gone", null), finding("moved", null)],
  };
  const now = {
    ...config({}),
    clusters: [finding("app", { v: 2 }), plainCluster("moved", []), finding("new", { v: 3 })],
  };
  t.not(generationId(null, old), generationId(null, now));
  const both = withPolicyPart(now, policyPart(old), own);
  t.same(
    both.clusters.map(({ name, discovery }) => [
      name,
      discovery?.kind === "plugin" ? discovery.config : discovery,
    ]),
    [
      ["app", { v: 1 }],
      ["moved", null],
      ["new", { v: 3 }],
    ],
  );
  const { discovery: _, ...kept } = policyPart(old);
  t.same(
    withPolicyPart(now, kept, own).clusters,
    now.clusters,
    "what an older version kept says nothing of it",
  );
});
