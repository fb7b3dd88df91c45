import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { sdkFiles } from "./sdk-files.ts";

/**
 * What an editor needs in a folder of plugins, as texts by name. Tests see Node and plugins must not, so each have a
 * program of their own, and `tsconfig.json`, which is the one that editors look for, names both.
 *
 * Where Sluice is installed in or above the folder, it is named as a package; elsewhere by where this one lies, so that
 * editors know the types without an install.
 *
 * @param folder of plugins
 */
export function tsconfigFiles(folder: string): Readonly<Record<string, string>> {
  const names = { plugins: "tsconfig.plugins.json", tests: "tsconfig.tests.json" };
  const references = [{ path: `./${names.plugins}` }, { path: `./${names.tests}` }];
  const find = createRequire(join(resolve(folder), "tsconfig.json"));
  const isInstalledNear = pathOf(find, "sluice/tsconfig.plugin.json") !== null;
  return {
    "tsconfig.json": json({ files: [], references }),
    [names.plugins]: json(isInstalledNear ? { extends: "sluice/tsconfig.plugin.json" } : pluginsFromHere()),
    [names.tests]: isInstalledNear ? testsOfPackage(find) : testsFromHere(find),
  };
}

function pluginsFromHere(): object {
  return { extends: sdkFiles.tsconfig, compilerOptions: { paths: { "sluice/sdk": [sdkFiles.sdk] } } };
}

function testsOfPackage(find: NodeJS.Require): string {
  return adviceOn(typesOfNode(find)) + json({ extends: "sluice/tsconfig.test.json" });
}

function testsFromHere(find: NodeJS.Require): string {
  const ours = typesOfNode(createRequire(import.meta.url));
  const theirs = typesOfNode(find);
  const paths = { "sluice/sdk": [sdkFiles.sdk], "sluice/testing": [sdkFiles.testing] };
  const typeRoots = theirs === null && ours !== null ? { typeRoots: [dirname(ours)] } : {};
  const config = { extends: sdkFiles.testTsconfig, compilerOptions: { paths, ...typeRoots } };
  return adviceOn(theirs ?? ours) + json(config);
}

/** The package of types, or null: Sluice runs without it. */
function typesOfNode(find: NodeJS.Require): string | null {
  const manifest = pathOf(find, "@types/node/package.json");
  return manifest === null ? null : dirname(manifest);
}

function adviceOn(typesOfNode: string | null): string {
  if (typesOfNode !== null) return "";
  return "// Tests import what is Node's. For its types: npm install --save-dev @types/node\n";
}

function pathOf(find: NodeJS.Require, specifier: string): string | null {
  try {
    return find.resolve(specifier);
  } catch {
    return null;
  }
}

function json(config: object): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}
