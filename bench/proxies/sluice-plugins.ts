import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkFlip, checkGate, gateKey } from "./gate.ts";
import type { ProxyServer, Setup } from "./proxy.ts";
import type { PluginRun } from "./servers/sluice-plugins.ts";

const program = fileURLToPath(new URL("./servers/sluice-plugins.ts", import.meta.url));

/** Below the directory of a proxy. */
const pluginFolder = "plugins";

type EngineName = PluginRun["engine"];

/**
 * Sluice with copies of the gate, each a plugin with an isolate of its own.
 *
 * @param plugins number of copies
 */
export function sluiceGates(name: string, engine: EngineName, plugins: number): ProxyServer {
  return sluiceWith(
    name,
    engine,
    Array.from({ length: plugins }, () => "gate"),
    checkGate,
  );
}

/** Sluice with a gate whose handler waits for one read of the store. */
export function sluiceStoreGate(name: string, engine: EngineName): ProxyServer {
  return sluiceWith(name, engine, ["gate-with-store"], checkGate);
}

/** Sluice with a plugin that changes every chunk of a response's body. */
export function sluiceFlip(name: string, engine: EngineName): ProxyServer {
  return sluiceWith(name, engine, ["flip"], checkFlip);
}

/** A plugin's file that hands on what a module of `policies/` exports. */
function reexport(policy: string): string {
  return `export { default } from ${JSON.stringify(moduleOf(policy))};\n`;
}

/** The gate as a plugin's file, with a version that responses show in `x-policy`. */
export function gateText(version: string): string {
  return `import gate from ${JSON.stringify(moduleOf("gate"))};
export default {
  ...gate,
  onResponse(response) {
    response.headers.set("x-policy", ${JSON.stringify(version)});
  },
};
`;
}

function moduleOf(policy: string): string {
  return fileURLToPath(new URL(`../policies/${policy}.ts`, import.meta.url));
}

/**
 * The file of the first plugin.
 *
 * @param directory of the proxy
 */
export function firstPlugin(directory: string, policy: string): string {
  return join(directory, pluginFolder, fileName(policy, 0));
}

function fileName(policy: string, index: number): string {
  return `${index + 10}-${policy}-${index + 1}.ts`;
}

function sluiceWith(
  name: string,
  engine: EngineName,
  policies: readonly string[],
  check: NonNullable<ProxyServer["check"]>,
): ProxyServer {
  return {
    name,
    absent: null,
    async prepare(setup) {
      const folder = await writePlugins(setup, policies);
      const config = policies.includes("flip") ? null : { key: gateKey };
      const { port, upstreamPort } = setup;
      const run: PluginRun = { port, upstreamPort, directory: folder, engine, config };
      // isolated-vm asks for this flag; the data process inherits it.
      return { file: process.execPath, args: ["--no-node-snapshot", program, JSON.stringify(run)] };
    },
    ...(policies.length > 0 && { check }),
  };
}

async function writePlugins({ directory }: Setup, policies: readonly string[]): Promise<string | null> {
  if (policies.length === 0) return null;
  const folder = join(directory, pluginFolder);
  await mkdir(folder);
  for (const [index, policy] of policies.entries()) {
    await writeFile(join(folder, fileName(policy, index)), reexport(policy));
  }
  return folder;
}
