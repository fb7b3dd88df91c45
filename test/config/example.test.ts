import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import * as defaults from "../../core/config/defaults.ts";
import { loadConfig, loadConfigFile } from "../../core/config/load.ts";
import { configFile } from "../../core/config/schema/schema.ts";

const example = "examples/config/sluice.yaml";
const certificates = [
  "example.pem",
  "example.key",
  "clients.pem",
  "internal.pem",
  "client.pem",
  "client.key",
];

t.test("the documented config file is valid as it stands", async (t) => {
  const config = await loadConfigFile(example, { env: {} });
  t.equal(config.routes.length, 4);
});

t.test("the documented config file shows the defaults", async (t) => {
  const config = await loadConfigFile(example, { env: {} });
  t.same(config.limits, defaults.defaultLimits);
  t.same(config.timeouts, defaults.defaultTimeouts);
  t.same(config.clusters[0]!.timeouts, defaults.defaultClusterTimeouts);
  t.match(config.clusters[0], defaults.defaultCluster);
  t.equal(config.listeners[0]!.maxConnections, defaults.defaultListener.maxConnections);
});

t.test("the documented config file is valid with every setting switched on", async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, "certs"));
  for (const name of certificates) writeFileSync(join(folder, "certs", name), "");
  const text = readFileSync(example, "utf8").replace(/^( *)#(?=\S)/gm, "$1");
  const config = loadConfig(join(folder, "sluice.yaml"), text, { env: {} });
  t.match(config.listeners[1]!.tls, { clientCertificate: "optional" });
  t.match(config.clusters[1]!.tls, { cert: join(folder, "certs/client.pem") });
  t.equal(config.plugins.directory, join(folder, "plugins"));
  t.same(config.plugins.maxLimits, defaults.defaultMaxPluginLimits);
  t.same(config.plugins.settings["tenant"]!.limits, defaults.defaultPluginLimits);
});

t.test("the documented config file names every key of the schema", async (t) => {
  const text = readFileSync(example, "utf8");
  const unnamed = [...keysOf(configFile)].filter((key) => !new RegExp(`\\b${key}:`).test(text));
  t.same(unnamed, []);
});

/** The keys of every map in a schema. */
function* keysOf(schema: object): Generator<string> {
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "properties") yield* Object.keys(value);
    if (typeof value === "object" && value !== null) yield* keysOf(value);
  }
}
