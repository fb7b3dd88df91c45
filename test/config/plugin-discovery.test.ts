import t from "tap";
import { loadConfig } from "../../core/config/load.ts";
import { maskConfig } from "../../core/config/mask.ts";
import type { ConfigError } from "../../core/config/problem.ts";

const load = (discovery: string, plugins = "plugins: { directory: p }") =>
  loadConfig("sluice.yaml", `clusters:\n  app: { discovery: ${discovery} }\n${plugins}\n`, { env: {} });

function problems(discovery: string, plugins?: string): string[] {
  try {
    load(discovery, plugins);
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map(
      ({ line, column, message }) => `${line}:${column}: ${message}`,
    );
  }
}

t.test("a cluster's endpoints may come from a plugin, every 10 s by default", async (t) => {
  t.same(load("{ plugin: registry }").clusters[0]!.discovery, {
    kind: "plugin",
    plugin: "registry",
    every: 10_000,
    config: null,
  });
  t.match(load("{ plugin: registry, every: 1m, config: { a: [1] } }").clusters[0]!.discovery, {
    every: 60_000,
    config: { a: [1] },
  });
});

t.test("what is wrong with it is told where it is written", async (t) => {
  t.same(problems('{ plugin: "a b", every: 10ms }'), [
    '2:31: expected the name of a plugin: letters, digits, ".", "_" and "-", found "a b"',
    '2:45: expected a duration from 1s to 24h, found "10ms"',
  ]);
  t.same(problems('{ dns: "a.b:80", every: 10s, config: {} }'), [
    "2:38: expected every only beside plugin",
    "2:50: expected config only beside plugin",
  ]);
  t.match(problems('{ plugin: a, dns: "a.b:80" }'), [
    /expected one of dns, srv, file, consul, kubernetes and plugin, found plugin and dns/,
  ]);
  t.match(problems("{ every: 10s }").join(), /found none/);
  t.match(problems("{ plugin: registry }", "admin: false"), [
    /^2:31: expected plugins\.directory in the file, or --plugins DIR, for this plugin, found neither/,
  ]);
});

t.test("grants for endpoints that do not read are told", async (t) => {
  const plugins = `plugins: { directory: p, settings: { registry: { grants: { endpoints: ["*", 10.0.0.0/8] } } } }`;
  t.match(problems("{ plugin: registry }", plugins), [
    /^3:72: expected where endpoints may be, .*found "\*"/,
  ]);
});

t.test("what looks secret in the plugin's config is not shown", async (t) => {
  const { discovery } = maskConfig(load("{ plugin: registry, config: { token: abc, url: d } }")).clusters[0]!;
  t.match(discovery, { config: { token: "***", url: "d" } });
});
