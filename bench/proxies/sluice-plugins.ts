import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkFlip, checkTellingGate, gateKey } from "./gate.ts";
import type { ProxyServer, Setup } from "./proxy.ts";
import { fromSource, type SluiceProgram, sluiceWith } from "./sluice.ts";

export type EngineName = "isolated-vm" | "quickjs" | "inline";

/** A plugin of `policies/` and what the operator says about it. */
interface PluginUse {
  readonly module: string;
  readonly settings: object;
}

const gate: PluginUse = { module: "gate", settings: { config: { key: gateKey } } };
const storeGate: PluginUse = {
  module: "gate-with-store",
  settings: { config: { key: gateKey }, grants: { kv: true } },
};
const flip: PluginUse = { module: "flip", settings: {} };

/** Below the directory of a proxy. */
const pluginFolder = "plugins";

/**
 * Sluice with copies of the gate, each a plugin with a guest of its own.
 *
 * @param count number of copies
 */
export function sluiceGates(
  name: string,
  engine: EngineName,
  count: number,
  program: SluiceProgram = fromSource,
): ProxyServer {
  const uses = Array.from({ length: count }, () => gate);
  return { ...withPlugins(name, engine, uses, program), check: checkTellingGate };
}

/** Sluice with a gate whose handler waits for one read of the store. */
export function sluiceStoreGate(name: string, engine: EngineName): ProxyServer {
  return { ...withPlugins(name, engine, [storeGate]), check: checkTellingGate };
}

/** Sluice with a plugin that changes every chunk of a response's body. */
export function sluiceFlip(name: string, engine: EngineName): ProxyServer {
  return { ...withPlugins(name, engine, [flip]), check: checkFlip };
}

/** The gate as a plugin's file, with a version that responses show in `x-policy`. */
export function gateText(version: string): string {
  return `import gate from ${JSON.stringify(pathOf(gate.module))};
export default {
  ...gate,
  onResponse(response) {
    response.headers.set("x-policy", ${JSON.stringify(version)});
  },
};
`;
}

/**
 * The file of the first copy of the gate.
 *
 * @param directory of the proxy
 */
export function gateFile(directory: string): string {
  return join(directory, pluginFolder, `${pluginName(gate, 0)}.ts`);
}

function withPlugins(
  name: string,
  engine: EngineName,
  uses: readonly PluginUse[],
  program: SluiceProgram = fromSource,
): ProxyServer {
  const section = async ({ directory }: Setup) => {
    const folder = join(directory, pluginFolder);
    await mkdir(folder);
    const settings: Record<string, object> = {};
    for (const [index, use] of uses.entries()) {
      const plugin = pluginName(use, index);
      settings[plugin] = { ...use.settings, engine };
      const text = `export { default } from ${JSON.stringify(pathOf(use.module))};\n`;
      await writeFile(join(folder, `${plugin}.ts`), text);
    }
    // What is JSON is YAML, too.
    return `plugins: ${JSON.stringify({ directory: folder, settings })}\n`;
  };
  return sluiceWith(name, program, { section });
}

function pluginName({ module }: PluginUse, index: number): string {
  return `${module}-${index + 1}`;
}

function pathOf(module: string): string {
  return fileURLToPath(new URL(`../policies/${module}.ts`, import.meta.url));
}
