import { readFile, realpath, stat } from "node:fs/promises";
import type { Metafile, OnLoadArgs, OnLoadResult, Plugin } from "esbuild";
import { fileFault } from "../config/source/file-fault.ts";
import { isCodeName, isInside, type PluginSource, systemPath } from "./plugin-source.ts";

/** No single file of a plugin or a package is near this, in bytes. */
const largestFile = 8 * 1024 * 1024;

/** Where the system finds no file by such a path, esbuild looks into an archive. */
const inArchive = /\.zip[\\/]/;
/** By such a path, Yarn's, esbuild reads another file than the system: `a/__virtual__/x/1/b` is `b`. */
const virtual = /(^|[\\/])(__virtual__|\$\$virtual)[\\/]/;
const modules = "/node_modules/";
/** In the metafile, before what a package leaves out for browsers. */
export const leftOutMark = "(disabled):";

const mapMark = "sourceMappingURL=";
/** The last one counts, and one with an unknown scheme names nothing. In code, it must not close a comment that is open. */
const noMap = Buffer.from("\n//# sourceMappingURL=none:");
const noMapInCss = Buffer.from("\n/*# sourceMappingURL=none: */");

/** What esbuild gets instead of reading a file itself; undefined: nothing. */
export type Load = (args: OnLoadArgs) => Promise<OnLoadResult | undefined>;

/**
 * Guards what esbuild reads for a plugin. Asked as it is about to read, since what an import names is not always
 * what it finds: `./big.txt?a` is `big.txt`.
 *
 * @param load asked for a file that may be read
 */
export function pluginLoads(source: PluginSource, load: Load): Plugin {
  return {
    name: "plugin-loads",
    setup(build) {
      build.onLoad({ filter: /^/, namespace: "file" }, async (args) => {
        const fault = await faultOf(source, args);
        return fault === null ? load(args) : { errors: [{ text: fault }] };
      });
    },
  };
}

/**
 * The text of a file that names a source map, with all its places, in a way that no map is read for it: esbuild
 * would read the map, and the sources that it names, from anywhere, `/dev/zero` too. Undefined: it names none.
 */
export async function loadWithoutMap({
  path,
  with: attributes,
}: OnLoadArgs): Promise<OnLoadResult | undefined> {
  const isCss = path.endsWith(".css");
  if (!(isCodeName(path) || isCss) || Object.keys(attributes).length > 0) return undefined;
  const text = await readFile(path).catch(() => null);
  if (text === null || !text.includes(mapMark)) return undefined;
  return { contents: Buffer.concat([text, isCss ? noMapInCss : noMap]), loader: "default" };
}

/** As `leftOutFiles` names it: two imports may differ in the suffix alone. */
export function loadedName({ path, suffix }: OnLoadArgs): string {
  return path + suffix;
}

/**
 * The names of files that are bundled as empty only, since packages leave them out for browsers. esbuild tells after
 * a build which ones they are, not when it asks for them.
 */
export function leftOutFiles(source: PluginSource, { inputs }: Metafile): string[] {
  return Object.keys(inputs)
    .filter((path) => path.startsWith(leftOutMark))
    .map((path) => path.slice(leftOutMark.length))
    .filter((path) => !Object.hasOwn(inputs, path))
    .map((path) => systemPath(source, path));
}

async function faultOf(source: PluginSource, args: OnLoadArgs): Promise<string | null> {
  const { path } = args;
  if (virtual.test(path)) return notOnDisk(path);
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => error.code ?? fileFault(error));
  if (status === "ENOENT" || status === "ENOTDIR") {
    // What a package leaves out for browsers need not be there.
    return inArchive.test(path) ? notOnDisk(path) : null;
  }
  if (typeof status === "string") return `cannot be read: ${status}: "${path}"`;
  // `import x from "/dev/zero" with { type: "text" }` takes all memory within seconds, and a pipe never ends.
  if (!status.isFile()) return `expected a regular file, found a device or a pipe: "${path}"`;
  if (status.size > largestFile)
    return `expected a file of at most ${largestFile} bytes, found ${status.size}: "${path}"`;
  if (await isForeignData(source, path, args.with))
    return `data is imported from the plugin's folder and from packages only, found ${path}`;
  return null;
}

function notOnDisk(path: string): string {
  return `expected a file or a package in node_modules, found one in an archive or a virtual one of Yarn's: "${path}"`;
}

/**
 * A bundle may hold code from anywhere, but data (JSON, text, bytes) only from the plugin's own folder and
 * from packages: otherwise `import key from "/run/secrets/key" with { type: "text" }` would give a plugin
 * any file that the control process can read, past every capability.
 *
 * @throws the system's error when there is no such file
 */
export async function isForeignData(
  source: PluginSource,
  path: string,
  attributes: OnLoadArgs["with"] = {},
): Promise<boolean> {
  if (virtual.test(path)) return true;
  // esbuild resolves links before, and chooses by the name that it found.
  const file = await realpath(path);
  const isCode = isCodeName(path) && isCodeName(file) && Object.keys(attributes).length === 0;
  if (isCode) return false;
  return !source.own.some((folder) => isInside(file, folder)) && !isPackageFile(source, file);
}

/** Packages count when they are installed in a folder above the plugin. */
function isPackageFile({ folder }: PluginSource, file: string): boolean {
  const end = file.indexOf(modules);
  return end >= 0 && isInside(folder, file.slice(0, end) || "/");
}
