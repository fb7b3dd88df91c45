import { realpath, stat } from "node:fs/promises";
import { type CompiledPlugin, type CompileLimits, compileLimits, compilePlugin } from "./compile.ts";
import type { PluginFile } from "./plugin-files.ts";

/** Clocks of file systems are coarse: a file this young may change again without it showing, ms. */
const coarseness = 50;

interface Remembered {
  readonly plugin: CompiledPlugin;
  readonly fingerprint: string;
}

export interface PluginCompiler {
  /** Like `compilePlugin`; what was compiled before is given again while none of its files and packages changed. */
  compile(file: PluginFile): Promise<CompiledPlugin>;
}

/**
 * Compiles plugins again and again: with many of them, a save costs about what the saved one does.
 *
 * @example
 * const compiler = createPluginCompiler();
 * const plugins = await Promise.all((await findPlugins("plugins")).map((file) => compiler.compile(file)));
 */
export function createPluginCompiler(limits: CompileLimits = compileLimits): PluginCompiler {
  const remembered = new Map<string, Remembered>();
  return {
    async compile(file) {
      const known = remembered.get(file.path);
      if (known !== undefined && (await fingerprintOf(file, known.plugin)) === known.fingerprint) {
        return known.plugin;
      }
      remembered.delete(file.path);
      const start = Date.now();
      const plugin = await compilePlugin(file, limits);
      const fingerprint = await fingerprintOf(file, plugin, start - coarseness);
      if (fingerprint !== null) remembered.set(file.path, { plugin, fingerprint });
      return plugin;
    },
  };
}

/**
 * Changes when a file does, or a package is put elsewhere. Null: one is missing, or changed after `latest` (ms since 1970) and so perhaps
 * after it was read.
 */
async function fingerprintOf(
  file: PluginFile,
  { inputs, packages }: CompiledPlugin,
  latest = Number.POSITIVE_INFINITY,
): Promise<string | null> {
  try {
    const statuses = await Promise.all([...inputs, ...packages].map((path) => stat(path)));
    if (statuses.some(({ ctimeMs, mtimeMs }) => Math.max(ctimeMs, mtimeMs) > latest)) return null;
    // Both times: Deno tells ctime in whole seconds, and mtime can be set to anything.
    const marks = statuses.map(({ dev, ino, size, ctimeMs, mtimeMs }) =>
      [dev, ino, size, ctimeMs, mtimeMs].join(":"),
    );
    return [await realpath(file.path), ...marks].join("\n");
  } catch {
    return null;
  }
}
