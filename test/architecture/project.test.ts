import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { readSources } from "./sources.ts";

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  /** Files that differ from runtime to runtime. */
  readonly imports: Record<string, unknown>;
}

interface LockFile {
  readonly packages: Record<string, { readonly optionalDependencies?: Record<string, string> }>;
}

const manifest: Manifest = JSON.parse(readFileSync("package.json", "utf8"));
const dependencies = { ...manifest.dependencies, ...manifest.devDependencies };

/** Packages that are programs, or types for the compiler, and so never imported. */
const tools = ["@biomejs/biome", "@types/node", "@types/ws", "deno", "node"];

const rooms = ["bench", "core", "examples", "plugins", "sdk", "test"];
const papers = ["CHANGELOG.md", "LICENSE", "README.md"];
const toolFiles = ["biome.json", "deno.json", "package-lock.json", "package.json"];
const compilerFiles = ["tsconfig.build.json", "tsconfig.json"];
const products = ["dist", "node_modules"];

t.test("somebody imports every dependency", async (t) => {
  const specifiers = readSources(rooms).flatMap((source) => source.specifiers);
  const isUsed = (name: string) =>
    specifiers.some((specifier) => specifier === name || specifier.startsWith(`${name}/`));
  const unused = Object.keys(dependencies).filter((name) => !tools.includes(name) && !isUsed(name));
  t.same(unused, []);
});

t.test("what is published imports only what it depends on", async (t) => {
  const allowed = (path: string, specifier: string) =>
    (path.startsWith("plugins/") ? specifier === "sluice/sdk" : specifier.startsWith("node:")) ||
    specifier.startsWith(".") ||
    Object.hasOwn(manifest.imports, specifier) ||
    Object.hasOwn(manifest.dependencies, packageOf(specifier));
  const foreign = readSources(["core", "plugins", "sdk"]).flatMap(({ path, specifiers }) =>
    specifiers
      .filter((specifier) => !allowed(path, specifier))
      .map((specifier) => `${path} imports ${specifier}`),
  );
  t.same(foreign, []);
});

t.test("every dependency has an exact version", async (t) => {
  const loose = Object.entries(dependencies).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  t.same(loose, []);
});

t.test("the lock file knows every optional package, of the other platforms too", async (t) => {
  const lock: LockFile = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const optional = Object.values(lock.packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}),
  );
  const absent = optional.filter((name) => lock.packages[`node_modules/${name}`] === undefined);
  t.same(absent, []);
});

t.test("the top level holds the rooms, the papers and what tools look for there", async (t) => {
  const known = [...rooms, ...papers, ...toolFiles, ...compilerFiles, ...products];
  const strays = readdirSync(".").filter((entry) => !entry.startsWith(".") && !known.includes(entry));
  t.same(strays, []);
});

function packageOf(specifier: string): string {
  const segments = specifier.split("/");
  return segments.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}
