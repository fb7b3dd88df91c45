/** Which policies this installation brings along: each is a folder beside `core/`, named as the plugin. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "./model.ts";
import { isPluginName } from "./names.ts";
import { didYouMean } from "./suggest.ts";

/** Where they lie; the published package has them in the same place. */
export const builtInFolder: string = fileURLToPath(new URL("../../plugins/", import.meta.url));

let names: readonly string[] | undefined;

/** The module that a built-in plugin starts from. */
export function builtInEntry(name: string): string {
  return join(builtInFolder, name, "index.ts");
}

/** All of them, sorted. Read once: an installation does not change under a process. */
export function builtInNames(): readonly string[] {
  names ??= existsSync(builtInFolder)
    ? readdirSync(builtInFolder)
        .filter((name) => isPluginName(name) && existsSync(builtInEntry(name)))
        .sort()
    : [];
  return names;
}

/**
 * The built-in plugins that routes use.
 *
 * @param own plugins of the operator's folder: a name that is there means that one
 *
 * @example
 * namedBuiltIns(config, ["auth"]); // ["security-headers"]
 */
export function namedBuiltIns({ routes }: Pick<Config, "routes">, own: readonly string[]): string[] {
  const named = new Set(routes.flatMap(({ policies }) => policies?.map(({ plugin }) => plugin) ?? []));
  return named.size === 0 ? [] : builtInNames().filter((name) => named.has(name) && !own.includes(name));
}

/**
 * What a message about a plugin that there is not says of those that are built in.
 *
 * @param own plugins of the operator's folder
 *
 * @example
 * builtInsText("corse", ["auth"], ["cors"]); // ' (did you mean "cors"?); built in: cors'
 */
export function builtInsText(name: string, own: readonly string[], builtIns: readonly string[]): string {
  const list = builtIns.length === 0 ? "" : `; built in: ${builtIns.join(", ")}`;
  return `${didYouMean(name, [...own, ...builtIns])}${list}`;
}

/** Whether requests can meet plugins: those of a folder, or the built-in ones that a route names. */
export function usesPlugins({ plugins, routes }: Config): boolean {
  return plugins.directory !== null || routes.some(({ policies }) => (policies?.length ?? 0) > 0);
}
