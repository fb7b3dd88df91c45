// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables in a config file
import { join } from "node:path";
import t from "tap";
import { namedBuiltIns, usesPlugins } from "../../core/config/built-in-plugins.ts";
import { defaultMaxPluginLimits, noGrants } from "../../core/config/defaults.ts";
import { loadConfig } from "../../core/config/load.ts";
import { maskConfig } from "../../core/config/mask.ts";
import type { Overrides } from "../../core/config/overrides.ts";
import { ConfigError, formatProblem } from "../../core/config/problem.ts";

const app = 'clusters: { app: { endpoints: ["http://127.0.0.1:3000"] } }\n';

function load(text: string, overrides: Overrides = {}, env: NodeJS.ProcessEnv = {}) {
  return loadConfig("conf/sluice.yaml", app + text, { env, overrides });
}

function problems(text: string, overrides: Overrides = {}): string[] {
  try {
    load(text, overrides);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => formatProblem(problem).replace("conf/sluice.yaml:", ""));
  }
}

t.test("a file without plugins has none, and its routes leave policies to the folder", async (t) => {
  const { plugins, routes } = load("");
  t.same(plugins, {
    directory: null,
    state: null,
    grantDeclared: false,
    maxLimits: defaultMaxPluginLimits,
    settings: {},
  });
  t.equal(routes[0]!.policies, null);
});

t.test("folders are seen from the file, and a flag beats them", async (t) => {
  const text = "plugins: { directory: ./plugins, state: state }";
  t.match(load(text).plugins, {
    directory: join("conf", "plugins"),
    state: join(process.cwd(), "conf/state"),
  });
  t.match(load(text, { plugins: "other" }).plugins, { directory: "other" });
  t.match(load("plugins: { directory: /etc/plugins }").plugins, { directory: "/etc/plugins" });
});

t.test("settings of a plugin are resolved, and what is not written is left to the plugin", async (t) => {
  const { settings } = load(`plugins:
  settings:
    tenant:
      engine: quickjs
      config: { header: x-org }
      onFailure: open
      limits: { cpu: 20ms, memory: 64MiB, fetches: 0 }
      grants: { fetch: ["https://tenants.internal", { origin: "http://[::1]:80" }], kv: true, env: [TENANT_KEY], endpoints: [10.0.0.0/8] }
    own: { trusted: true }
`).plugins;
  t.same(settings, {
    tenant: {
      engine: "quickjs",
      config: { header: "x-org" },
      onFailure: "open",
      limits: { cpu: 20, memory: 67_108_864, fetches: 0 },
      grants: {
        fetch: ["https://tenants.internal", { origin: "http://[::1]:80", private: false }],
        kv: true,
        cache: false,
        identity: false,
        env: ["TENANT_KEY"],
        endpoints: ["10.0.0.0/8"],
      },
    },
    own: {
      engine: "inline",
      config: null,
      onFailure: null,
      limits: {},
      grants: noGrants,
    },
  });
});

t.test("what plugins may give themselves is the default where the file says nothing", async (t) => {
  t.same(load("plugins: { directory: p }").plugins.maxLimits, defaultMaxPluginLimits);
  t.same(load("plugins: { maxLimits: { cpu: 2s, memory: 1GiB, fetches: 0 } }").plugins.maxLimits, {
    ...defaultMaxPluginLimits,
    cpu: 2000,
    memory: 1_073_741_824,
    fetches: 0,
  });
  t.same(problems("plugins: { maxLimits: { cpu: 11s, wal: 1s } }"), [
    '2:30: expected a duration from 1ms to 10s, found "11s"',
    '2:35: unknown key "wal" (did you mean "wall"?)',
  ]);
});

t.test("a route names its policies in short or with a config, in their order", async (t) => {
  const { routes } = load(`plugins: { directory: p }
routes:
  - { cluster: app, policies: [auth, { plugin: tenant, config: { header: x-t } }, { plugin: b }] }
  - { cluster: app, path: /open, policies: [] }
  - { cluster: app, path: /all }
`);
  t.same(
    routes.map(({ policies }) => policies),
    [
      [
        { plugin: "auth", config: null },
        { plugin: "tenant", config: { header: "x-t" } },
        { plugin: "b", config: null },
      ],
      [],
      null,
    ],
  );
});

t.test("every mistake about plugins is told where it is written", async (t) => {
  const text = `plugins:
  directory: p
  settings:
    te nant: { engine: v8, limits: { cpu: 0ms, memory: 1MiB, fetches: -1, walls: 3 } }
    b: { engine: quickjs, trusted: true, grants: { env: [A-B], kv: yes, files: [] } }
routes:
  - { cluster: app, policies: [1, "a b", { plugin: "x/y" }, { plug: x }] }
`;
  t.same(problems(text), [
    '5:5: expected the name of a plugin: letters, digits, ".", "_" and "-", found "te nant"',
    '5:24: expected "isolated-vm" or "quickjs" or "inline", found "v8"',
    '5:43: expected a duration from 1ms to 10s, found "0ms"',
    '5:56: expected a size from 8MiB to 1GiB, found "1MiB"',
    "5:71: expected a whole number from 0 to 10000, found -1",
    '5:75: unknown key "walls" (did you mean "wall"?)',
    "6:36: expected trusted: false beside engine: quickjs, found true",
    '6:58: expected the name of a variable, found "A-B"',
    '6:68: expected true or false, found "yes"',
    '6:73: unknown key "files", expected one of fetch, kv, cache, identity, env, endpoints',
    "8:32: expected the name of a plugin, or { plugin, config }, found 1",
    '8:35: expected the name of a plugin: letters, digits, ".", "_" and "-", found "a b"',
    '8:52: expected the name of a plugin: letters, digits, ".", "_" and "-", found "x/y"',
    "8:61: expected the name of a plugin, or { plugin, config }, found a map",
  ]);
});

const noOrigins = [
  "ftp://a",
  "https://a/b",
  "https://a?b",
  "https://u:p@a",
  "https://*.1.2.3.4",
  "https://*.[::1]",
  "https://*",
  "https://a.*.b",
  "https://a:0",
  "https://a:99999",
  "https://a b",
  "a",
];

for (const origin of noOrigins) {
  t.test(`a grant to fetch from ${origin} is refused`, async (t) => {
    const text = `plugins: { settings: { p: { grants: { fetch: ["${origin}"] } } } }`;
    t.match(problems(text), [/^2:47: expected an origin such as/]);
  });
}

t.test("policies without a folder of plugins are refused, unless a flag names one", async (t) => {
  const text = "routes: [{ cluster: app, policies: [shop] }]";
  t.match(problems(text), [/^2:36: expected plugins.directory in the file, or --plugins DIR/]);
  t.same(problems(text, { plugins: "p" }), []);
  t.same(problems("routes: [{ cluster: app, policies: [] }]"), []);
});

t.test("built-in policies need no folder, and a name that is near one is pointed out", async (t) => {
  const use = (...names: string[]) => `routes: [{ cluster: app, policies: [${names.join(", ")}] }]`;
  t.same(load(use("security-headers")).routes[0]!.policies, [{ plugin: "security-headers", config: null }]);
  t.match(problems(use("security-headers", "securty-headers")), [
    /^2:36: .*found neither, and "securty-headers" is not built in \(did you mean "security-headers"\?\); built in: .*security-headers/,
  ]);
  t.same(problems(use("security-headers", "auth"), { plugins: "p" }), []);
});

t.test("a built-in plugin is used where routes name it and the folder has none of that name", async (t) => {
  const config = load(
    "routes: [{ cluster: app, policies: [security-headers, auth] }, { cluster: app, path: /a }]",
    {
      plugins: "p",
    },
  );
  t.same(namedBuiltIns(config, ["auth"]), ["security-headers"]);
  t.same(namedBuiltIns(config, ["auth", "security-headers"]), []);
  t.same(namedBuiltIns(load(""), []), []);
  t.equal(usesPlugins(load("")), false);
  t.equal(usesPlugins(load("routes: [{ cluster: app, policies: [] }]")), false);
  t.equal(usesPlugins(load("routes: [{ cluster: app, policies: [security-headers] }]")), true);
  t.equal(usesPlugins(load("plugins: { directory: p }")), true);
});

t.test(
  "a plugin's config is shown without what came from secret variables or stands under such keys",
  async (t) => {
    const text = `plugins:
  directory: p
  settings:
    a: { config: { header: x, nested: [{ apiKey: plain }], from: "\${env:MY_TOKEN}", token: { a: 1 } } }
routes: [{ cluster: app, policies: [{ plugin: a, config: { password: hunter2, realm: r } }] }]
`;
    const shown = maskConfig(load(text, {}, { MY_TOKEN: "hush-hush" }));
    t.same(shown.plugins.settings["a"]!.config, {
      header: "x",
      nested: [{ apiKey: "***" }],
      from: "***",
      token: "***",
    });
    t.same(shown.routes[0]!.policies, [{ plugin: "a", config: { password: "***", realm: "r" } }]);
  },
);
