import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import { namedBuiltIns } from "../../core/config/built-in-plugins.ts";
import { loadConfig } from "../../core/config/load.ts";
import type { Address, Config } from "../../core/config/model.ts";
import { includedFiles } from "../../core/config/source/included-files.ts";
import { addBuiltIns } from "../../core/reload/built-in-bundle.ts";
import { type PolicyGateway, startPolicyGateway } from "../support/policies.ts";

/** What stands for a variable or a file of which a plugin's tests say nothing. */
const anyValue = "x".repeat(32);

/** The config files in the README of a built-in plugin, in their order. */
export function exampleTexts(plugin: string): string[] {
  const readme = readFileSync(join("plugins", plugin, "README.md"), "utf8");
  return [...readme.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);
}

/**
 * The config that an example means. Variables and files have the values that `test/plugins/PLUGIN/example-values.json`
 * gives by name, or any.
 */
export function exampleConfig(t: Test, plugin: string, text: string): Config {
  const path = join("test/plugins", plugin, "example-values.json");
  const values: Record<string, string> = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  const valueFor = (name: string) => values[name] ?? anyValue;
  const folder = t.testdir();
  const file = join(folder, "sluice.yaml");
  for (const included of includedFiles(file, text)) {
    mkdirSync(dirname(included), { recursive: true });
    writeFileSync(included, valueFor(included.slice(folder.length + 1)));
  }
  const names = [...text.matchAll(/\$\{env:([A-Za-z_]\w*)/g)].map(([, name]) => name!);
  return loadConfig(file, text, { env: Object.fromEntries(names.map((name) => [name, valueFor(name)])) });
}

/** Serves what an example says, but on a port of its own and with the endpoint for every cluster. */
export async function startExample(t: Test, config: Config, endpoint: Address): Promise<PolicyGateway> {
  return startPolicyGateway(t, endpoint, {
    plugins: {},
    bundle: (own) => addBuiltIns(own, namedBuiltIns(config, [])),
    config: (base) => ({
      ...config,
      admin: null,
      listeners: base.listeners,
      clusters: config.clusters.map(({ name }) => ({ ...base.clusters[0]!, name })),
    }),
  });
}
