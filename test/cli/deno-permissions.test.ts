/** What is asked of Deno for a configuration; test/cli/deno.test.ts runs with it. */

import { resolve } from "node:path";
import t from "tap";
import { noGrants } from "../../core/config/defaults.ts";
import { configFromFlags } from "../../core/config/from-flags.ts";
import type { Config, FetchGrant } from "../../core/config/model.ts";
import { dataPermissions, toListen } from "../../core/control/process/data-permissions.ts";
import { lacking, type Permissions, permissionFlags } from "../../core/control/process/permissions.ts";

const nothing: Permissions = { net: [], read: [], write: [], env: [], sys: [], run: [] };

function configOf(upstream: string): Config {
  const config = configFromFlags({});
  const [, host, port] = /^(.*):(\d+)$/.exec(upstream) ?? [];
  const address = host === undefined ? { path: upstream } : { host, port: Number(port) };
  const cluster = {
    name: "app",
    endpoints: [{ address, weight: 1, authority: "app" }],
    tls: null,
    discovery: null,
  };
  return { ...config, clusters: [cluster] as unknown as Config["clusters"] };
}

function withGrants(fetch: readonly FetchGrant[], env: readonly string[] = []): Config {
  const config = configOf("127.0.0.1:3000");
  const settings = { engine: null, config: null, limits: {}, onFailure: null } as const;
  const plugins = { hello: { ...settings, grants: { ...noGrants, fetch, env } } };
  return { ...config, plugins: { ...config.plugins, directory: "plugins", settings: plugins } };
}

const base = ["127.0.0.1:8080", "127.0.0.1:3000"];

t.test("the data process may listen and connect where the config says, and run nothing", async (t) => {
  const { net, write, env, run } = dataPermissions(configOf("app.internal:3000"));
  t.same(net, ["127.0.0.1:8080", "app.internal:3000"]);
  t.same({ write, env, run }, { write: [], env: [], run: [] });
});

t.test("a Unix socket is reached by net, read and write at once", async (t) => {
  const { net, read, write } = dataPermissions(configOf("app.sock"));
  const path = resolve("app.sock");
  t.same(net, ["127.0.0.1:8080", `unix:${path}`]);
  t.ok(read?.includes(path));
  t.same(write, [path]);
});

t.test("stores are connected to, and the files of their TLS read", async (t) => {
  const files = { ca: "redis-ca.pem", cert: null, key: null };
  const redis = { address: { host: "redis.internal", port: 6380 }, tls: files };
  const stores = [{ name: "shared", redis }] as unknown as Config["stores"];
  const { net, read } = dataPermissions({ ...configOf("127.0.0.1:3000"), stores });
  t.same(net, [...base, "redis.internal:6380"]);
  t.ok(read?.includes(resolve("redis-ca.pem")));
});

t.test("the cache on disk is a folder to read and write, and the user has to be known", async (t) => {
  const config = configOf("127.0.0.1:3000");
  const disk = { path: "/var/cache/s", size: 1, files: 1 };
  const { read, write, sys } = dataPermissions({ ...config, cache: { ...config.cache, disk } });
  t.ok(read?.includes("/var/cache/s"));
  t.same(write, ["/var/cache/s"]);
  t.ok(sys?.includes("uid"));
  t.notOk(dataPermissions(config).sys?.includes("uid"));
});

t.test("a listener on a name binds addresses that only localhost is known to have", async (t) => {
  t.same(toListen({ host: "localhost", port: 80 }), ["localhost:80", "127.0.0.1:80", "[::1]:80"]);
  t.same(toListen({ host: "::", port: 80 }), ["[::]:80"]);
  t.equal(toListen({ host: "proxy.internal", port: 80 }), null);
});

t.test("a plugin's fetch is given by address; only a name takes the whole network", async (t) => {
  const netFor = (grant: FetchGrant) => dataPermissions(withGrants([grant])).net;
  t.same(netFor("http://192.0.2.1:8181"), [...base, "192.0.2.1:8181"]);
  t.same(netFor("https://[2001:db8::1]"), [...base, "[2001:db8::1]:443"]);
  t.same(netFor({ origin: "http://localhost:*", private: true }), [
    ...base,
    ...["localhost", "localhost", "127.0.0.1", "[::1]"],
  ]);
  t.equal(netFor("https://api.example.com"), null);
  t.equal(netFor("https://*.localhost"), null);
});

t.test("variables are given by name, and all of them only where grants are not known yet", async (t) => {
  t.same(dataPermissions(withGrants([], ["TOKEN"])).env, ["TOKEN"]);
  const dev = withGrants([]);
  const { net, env } = dataPermissions({ ...dev, plugins: { ...dev.plugins, grantDeclared: true } });
  t.same({ net, env }, { net: null, env: null });
});

t.test("settings of plugins give nothing where there is no folder of plugins", async (t) => {
  const config = withGrants(["https://api.example.com"], ["TOKEN"]);
  const { net, env } = dataPermissions({ ...config, plugins: { ...config.plugins, directory: null } });
  t.same({ net, env }, { net: base, env: [] });
});

t.test("permissionFlags says nothing of what is not given, and nothing twice", async (t) => {
  const flags = permissionFlags({ ...nothing, net: null, read: ["/a", "/c", "/c"] });
  t.same(flags, ["--allow-net", "--allow-read=/a,/c"]);
});

t.test("a path with a comma is refused, as Deno would give what stands before it", async (t) => {
  t.throws(
    () => permissionFlags({ ...nothing, read: ["/c", "/a,b"] }),
    'Cannot give Deno --allow-read of "/a,b": it reads a comma as the end of a path; use a path without one',
  );
});

t.test("lacking asks for each resource, and for all of a kind where all are needed", async (t) => {
  const asked = { ...nothing, net: null, env: ["A", "B"] };
  t.equal(
    lacking(asked, () => true),
    null,
  );
  t.same(
    lacking(asked, (name, value) => name === "env" && value === "A"),
    { ...nothing, net: null, env: ["B"] },
  );
});

t.test("built-in policies have what the settings grant, with no folder of plugins", async (t) => {
  const granted = withGrants(["http://192.0.2.1:8181"], ["TOKEN"]);
  const config = { ...granted, plugins: { ...granted.plugins, directory: null } };
  const unused = dataPermissions(config);
  t.same([unused.net, unused.env], [base, []], "nobody names one");
  const routes = [{ policies: [{ plugin: "hello", config: null }] }] as unknown as Config["routes"];
  const { net, env } = dataPermissions({ ...config, routes });
  t.same(net, [...base, "192.0.2.1:8181"]);
  t.same(env, ["TOKEN"]);
});
