import { builtInEntry, builtInFolder } from "../config/built-in-plugins.ts";
import type { PluginCode, PolicyBundle } from "../policy/bundle.ts";
import { codeOf } from "./bundle-builder.ts";
import { compilePlugin } from "./compile.ts";
import { compileRuntime } from "./compile-runtime.ts";

/** Before the names of their files in messages: no folder of the operator's is called so. */
const shownFolder = "sluice/plugins";

const compiled = new Map<string, Promise<PluginCode>>();

/**
 * A built-in plugin, compiled as those of a folder are. Once in the life of the process: its files belong to the
 * installation and do not change.
 *
 * @throws PluginError when it cannot be compiled
 *
 * @example
 * (await compileBuiltIn("security-headers")).file; // "sluice/plugins/security-headers/index.ts"
 */
export function compileBuiltIn(name: string): Promise<PluginCode> {
  let code = compiled.get(name);
  if (code === undefined) {
    code = compile(name);
    compiled.set(name, code);
    code.catch(() => compiled.delete(name));
  }
  return code;
}

async function compile(name: string): Promise<PluginCode> {
  const plugin = await compilePlugin({ name, path: builtInEntry(name), directory: builtInFolder });
  const file = `${shownFolder}/${name}/index.ts`;
  return { ...codeOf({ ...plugin, file }, shownFolder), builtIn: true };
}

/**
 * A bundle with built-in plugins behind those that it has.
 *
 * @param bundle of the operator's folder; null: there is none
 * @throws PluginError when one cannot be compiled
 */
export async function addBuiltIns(
  bundle: PolicyBundle | null,
  names: readonly string[],
): Promise<PolicyBundle> {
  const runtime = bundle === null ? compileRuntime() : Promise.resolve(bundle.runtime);
  runtime.catch(() => {});
  const codes = await Promise.all(names.map(compileBuiltIn));
  return { ...bundle, runtime: await runtime, plugins: [...(bundle?.plugins ?? []), ...codes] };
}
