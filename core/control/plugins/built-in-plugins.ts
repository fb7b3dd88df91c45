import { builtInNames, namedBuiltIns } from "../../config/built-in-plugins.ts";
import type { Config } from "../../config/model.ts";
import type { Logger } from "../../observe/log.ts";
import { engineNameOf } from "../../policy/built-in.ts";
import type { PluginCode, PolicyBundle } from "../../policy/bundle.ts";

/** Puts the plugins of this installation beside those of the folder. */
export class BuiltInPlugins {
  readonly #log: Logger;
  /** Plugins of the folder that have the name of a built-in one, as far as that was told. */
  readonly #told = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * @param folder the plugins of the operator's folder; null: there is none
   * @returns null when requests meet no plugin
   * @throws PluginError when one cannot be compiled
   */
  async addTo(folder: PolicyBundle | null, config: Config): Promise<PolicyBundle | null> {
    const own = folder?.plugins.map(({ name }) => name) ?? [];
    this.#tellReplaced(own);
    const names = namedBuiltIns(config, own);
    // Only who names one loads the compiler.
    const bundle =
      names.length === 0
        ? folder
        : await (await import("../../reload/built-in-bundle.ts")).addBuiltIns(folder, names);
    return bundle && { ...bundle, offered: builtInNames() };
  }

  /** Who had a file of that name before a built-in plugin came to be goes on with the file. */
  #tellReplaced(own: readonly string[]): void {
    for (const plugin of own) {
      if (this.#told.has(plugin) || !builtInNames().includes(plugin)) continue;
      this.#told.add(plugin);
      this.#log.info({ plugin }, "The plugin of the folder is used in place of the built-in one");
    }
  }
}

/** Whether all that a bundle holds runs in the proxy itself: that takes no process started for engines. */
export function isHostCode({ plugins }: PolicyBundle, config: Config): boolean {
  const { settings } = config.plugins;
  const isInline = (code: PluginCode) => engineNameOf(code, settings[code.name] ?? null) === "inline";
  return plugins.every((code) => code.builtIn === true && isInline(code));
}
