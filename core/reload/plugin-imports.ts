import { isBuiltin } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import { builtInEntry, builtInNames } from "../config/built-in-plugins.ts";

const extension = extname(import.meta.url);

/** The SDK beside this code: source in development, JavaScript when published. */
export const sdkEntry = fileURLToPath(new URL(`../../sdk/index${extension}`, import.meta.url));

/**
 * What an import of a plugin may name besides files and npm packages. The SDK is found from any
 * folder, without an install there, and it is always the one of this proxy.
 */
export const pluginImports: Plugin = {
  name: "plugin-imports",
  setup(build) {
    build.onResolve({ filter: /^sluice(\/|$)/ }, resolveSluice);
    build.onResolve({ filter: /^[A-Za-z][A-Za-z0-9+.-]+:/ }, refuseUrl);
  },
};

/** What to say about a module of the host's, or null when it is none. */
export function hostModuleFault(specifier: string): string | null {
  if (!specifier.startsWith("node:") && !isBuiltin(specifier)) return null;
  return `${specifier} is a module of Node, which a plugin cannot use: use the Web's own (fetch, crypto, URL) or ctx`;
}

function resolveSluice({ path }: OnResolveArgs): OnResolveResult {
  if (path === "sluice/sdk") return { path: sdkEntry };
  if (path === "sluice/testing") return refusal("sluice/testing is for tests, not for plugins");
  const [, builtIn] = /^sluice\/plugins\/([^/]+)$/.exec(path) ?? [];
  if (builtIn !== undefined) return resolveBuiltIn(builtIn);
  return refusal(`a plugin imports "sluice/sdk", found "${path}"`);
}

/** What is built in can be made into a plugin of one's own, with functions where a config has none. */
function resolveBuiltIn(name: string): OnResolveResult {
  if (builtInNames().includes(name)) return { path: builtInEntry(name) };
  return refusal(`there is no built-in plugin "${name}": expected one of ${builtInNames().join(", ")}`);
}

function refuseUrl({ path, kind }: OnResolveArgs): OnResolveResult | undefined {
  if (kind === "entry-point") return undefined;
  return refusal(
    hostModuleFault(path) ??
      `expected a file or an npm package, found "${path}": nothing is loaded from URLs`,
  );
}

function refusal(text: string): OnResolveResult {
  return { errors: [{ text }] };
}
