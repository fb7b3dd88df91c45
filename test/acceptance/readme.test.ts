import { existsSync, readFileSync } from "node:fs";
import t from "tap";
import { parseCommandLine } from "../../core/cli/args.ts";
import { builtInNames } from "../../core/config/built-in-plugins.ts";
import * as defaults from "../../core/config/defaults.ts";
import { loadConfig } from "../../core/config/load.ts";
import { jsonSchemaText } from "../../core/config/schema/json-schema.ts";
import * as traffic from "../../core/config/traffic-defaults.ts";
import { parseDuration, parseSize } from "../../core/config/units.ts";
import { type ErrorCode, ProxyError } from "../../core/errors.ts";
import { Metrics } from "../../core/observe/metrics.ts";
import { renderPrometheus } from "../../core/observe/prometheus/prometheus.ts";
import { blocks, readme, table } from "./readme.ts";

const commands = [...blocks("sh").flatMap((block) => block.trim().split(/\n| && /)), ...inlineCommands()];

/** What stands between backticks and begins with a program. */
function inlineCommands(): string[] {
  return [...readme.matchAll(/`((?:npm|npx|sluice) [^`\n]+)`/g)].map(([, command]) => command!);
}

t.test("every command of sluice is one that it takes", async (t) => {
  const lines = commands.filter((command) => command.startsWith("sluice "));
  t.ok(lines.length >= 4);
  for (const line of lines) t.ok(parseCommandLine(line.split(" ").slice(1), {}), line);
});

t.test("every npm script and every task exists", async (t) => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const { tasks } = JSON.parse(readFileSync("deno.json", "utf8"));
  const own = ["ci", "install", "pack"];
  for (const [, name] of commands.map((command) => /^npm (?:run )?([\w-]+)/.exec(command) ?? [])) {
    t.ok(name === undefined || own.includes(name) || Object.hasOwn(scripts, name), `npm ${name}`);
  }
  for (const [, name] of readme.matchAll(/deno task (\w+)/g))
    t.ok(Object.hasOwn(tasks, name!), `deno task ${name}`);
});

t.test("the tarball has the name that npm gives it", async (t) => {
  const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
  t.match(readme, `npm install --global ../${name}-${version}.tgz`);
});

t.test("every link leads to a file", async (t) => {
  for (const [, target] of readme.matchAll(/\]\(([^)]+)\)/g)) t.ok(existsSync(target!), `${target}`);
});

t.test("the table of limits holds every default, and no other", async (t) => {
  const documented = Object.fromEntries(table("setting").map(([name, value]) => [name, amount(value!)]));
  t.same(documented, {
    ...prefixed("limits", defaults.defaultLimits),
    ...prefixed("timeouts", defaults.defaultTimeouts),
    "listeners.maxConnections": defaults.defaultListener.maxConnections,
    "clusters.maxConnections": defaults.defaultCluster.maxConnections,
    "clusters.maxPending": defaults.defaultCluster.maxPending,
    "clusters.maxIdle": defaults.defaultCluster.maxIdle,
    ...prefixed("clusters.timeouts", defaults.defaultClusterTimeouts),
  });
});

t.test("the table of plugins' limits holds every default, and no other", async (t) => {
  const documented = Object.fromEntries(table("limit").map(([name, value]) => [name, amount(value!)]));
  t.same(documented, defaults.defaultPluginLimits);
  const most = Object.fromEntries(table("limit").map(([name, , value]) => [name, amount(value!)]));
  t.same(most, defaults.defaultMaxPluginLimits);
});

t.test("the config file with policies is valid, and its table names every setting", async (t) => {
  const [, withPolicies = ""] = blocks("yaml");
  const { plugins, routes } = loadConfig("sluice.yaml", withPolicies, { env: {} });
  t.same(
    routes.map(({ policies }) => policies?.map(({ plugin }) => plugin) ?? null),
    [null, ["client-id", "tenant"], []],
  );
  t.equal(plugins.directory, "plugins");
  const settings = [...Object.keys(plugins.settings["tenant"]!), "trusted"].map(
    (key) => `settings.NAME.${key}`,
  );
  t.same(
    table("key under `plugins`")
      .map(([name]) => name)
      .sort(),
    ["directory", "maxLimits", "state", ...settings].sort(),
  );
});

t.test("the table of built-in policies names each of them, and links to its page", async (t) => {
  const names = builtInNames();
  t.same(
    table("policy").map(([name]) => name),
    names.map((name) => `[${name}](plugins/${name}/README.md)`),
  );
});

t.test(
  "the config file with health checks is valid, and what is said of failing endpoints are the defaults",
  async (t) => {
    const { clusters, routes } = loadConfig("sluice.yaml", blocks("yaml")[2]!, { env: {} });
    t.match(clusters[0], { health: traffic.defaultHealthCheck, failover: { panic: 0, enough: 0.7 } });
    t.match(routes[0], { timeout: 10_000, retry: { attempts: 2, perTry: 3000 } });
    t.match(traffic.defaultRetry, { attempts: 2, replay: 64 * 1024, anyMethod: false });
    t.same(traffic.defaultRetry.on, ["connect", "reset", "timeout", "gateway-error"]);
    t.same(traffic.defaultRetryBudget, { ratio: 0.2, minimum: 1 });
    t.match(traffic.defaultOutlier, { consecutiveFailures: 5, ejection: 30_000, longestEjection: 300_000 });
    t.match(traffic.defaultOutlier, { mostEjected: 0.5 });
    t.match(traffic.defaultFailover, { enough: 0.7, panic: 0.5 });
  },
);

t.test("the limits of a mirror are the defaults", async (t) => {
  const documented = table("of a mirror").map(([name, value]) => [name, amount(value!)]);
  const { share: _, ...limits } = traffic.defaultMirror;
  t.same(Object.fromEntries(documented), limits);
});

t.test("the config files with mirrors and faults are valid", async (t) => {
  const [mirror, fault] = ["mirror:", "fault:"].map((setting) => {
    const text = blocks("yaml").find((block) => block.includes(setting))!;
    return loadConfig("sluice.yaml", text, { env: {} }).routes[0]!;
  });
  t.match(mirror!.mirror, [{ cluster: "next", share: 0.1 }]);
  t.match(fault!.fault, {
    delay: { share: 0.1, time: 200 },
    abort: { share: 0.01, status: 503 },
    header: true,
  });
});

t.test("the config file with a split, rewrites and answers is valid", async (t) => {
  const text = blocks("yaml").find((block) => block.includes("split:"))!;
  const { routes } = loadConfig("sluice.yaml", text, { env: {} });
  t.same(
    routes.map(({ cluster, split, redirect }) => (cluster ?? split ?? redirect) === null),
    [false, false, false, false, false, true],
  );
  t.match(routes[0]!.split, { by: { kind: "cookie", name: "release" } });
  t.match(routes[2]!.rewrite, { kind: "prefix", value: "/v2" });
});

t.test("the settings for failing endpoints exist", async (t) => {
  const schema = jsonSchemaText();
  const named = table("to change").flatMap(([, settings]) => settings!.match(/[a-zA-Z]{3,}/g) ?? []);
  t.ok(named.length >= 20);
  for (const name of named.filter((name) => name !== "false")) t.match(schema, `"${name}": {`, name);
});

t.test("the statuses of the table are those that clients see", async (t) => {
  const codes: Record<string, ErrorCode> = {
    "limits.startLine": "start_line_too_long",
    "limits.head": "head_too_large",
    "limits.fields": "fields_too_many",
    "limits.trailers": "trailers_too_large",
    "limits.chunkExtensions": "chunk_malformed",
    "limits.requestBody": "body_too_large",
    "timeouts.head": "head_timeout",
    "timeouts.bodyIdle": "body_timeout",
    "listeners.maxConnections": "connections_exhausted",
    "clusters.maxPending": "pending_overflow",
    "clusters.timeouts.connect": "connect_timeout",
    "clusters.timeouts.pending": "pending_timeout",
    "clusters.timeouts.responseHead": "response_head_timeout",
  };
  const documented = table("setting").flatMap(([name, , effect]) => {
    const status = /^\d{3}/.exec(effect!);
    return status ? [[name, Number(status[0])]] : [];
  });
  const statusOf = (code: ErrorCode) => new ProxyError(code, "", { source: "downstream" }).status;
  const actual = Object.entries(codes).map(([name, code]) => [name, statusOf(code)]);
  t.same(Object.fromEntries(documented), Object.fromEntries(actual));
});

t.test("the addresses are the defaults", async (t) => {
  t.match(readme, `serves on \`${defaults.defaultListener.address}\``);
  t.match(readme, `admin listener is on \`${defaults.defaultAdminAddress}\``);
});

t.test("every metric exists", async (t) => {
  const usage = { cpuSeconds: 0, residentBytes: 0 };
  const facts = {
    version: "",
    runtime: "",
    dataRestarts: 0,
    control: usage,
    data: usage,
    endpoints: [],
    caches: [],
  };
  const page = renderPrometheus([new Metrics().snapshot()], facts);
  const named = [...readme.matchAll(/`(sluice_\w+)`/g)].map(([, name]) => name!);
  t.ok(named.length >= 8);
  for (const name of named) t.match(page, `# TYPE ${name} `, name);
});

/** A number, a duration in ms or a size in bytes. */
function amount(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : (parseDuration(text) ?? parseSize(text));
}

function prefixed(prefix: string, values: object): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}
