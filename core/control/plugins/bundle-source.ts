import { demandToCompile } from "#launch";
import { usesPlugins } from "../../config/built-in-plugins.ts";
import type { Config } from "../../config/model.ts";
import type { Logger } from "../../observe/log.ts";
import type { PolicyBundle } from "../../policy/bundle.ts";
import { BuiltInPlugins } from "./built-in-plugins.ts";
import type { PluginFolder } from "./folder.ts";

/** The plugins that a config asks for: those of its folder, which is watched, and built-in ones behind them. */
export class BundleSource {
  readonly #log: Logger;
  readonly #builtIns: BuiltInPlugins;
  /** By directory: that of the config in force, and those of configs that were refused since. */
  readonly #folders = new Map<string, PluginFolder>();
  #onChange: (() => void) | null = null;
  #changedUnheard = false;
  #isClosed = false;

  constructor(log: Logger) {
    this.#log = log;
    this.#builtIns = new BuiltInPlugins(log);
  }

  /**
   * Returns null when requests meet no plugin.
   *
   * @throws PluginError with the problems of all plugins
   * @throws Error when nothing may be compiled
   */
  async build(config: Config): Promise<PolicyBundle | null> {
    if (usesPlugins(config)) demandToCompile();
    return this.withBuiltIns(await this.#buildFolder(config), config);
  }

  /** The plugins of a folder, from wherever they are, with the built-in ones that the config names. */
  withBuiltIns(folder: PolicyBundle | null, config: Config): Promise<PolicyBundle | null> {
    return this.#builtIns.addTo(folder, config);
  }

  /** Absolute paths of what the plugins of the folders are made of, also of those that cannot be compiled. */
  get inputs(): readonly string[] {
    return [...this.#folders.values()].flatMap(({ inputs }) => inputs);
  }

  /** @param changed to be called when something changed on disk, also since the first `build` */
  listen(changed: () => void): void {
    this.#onChange = changed;
    if (this.#changedUnheard) changed();
  }

  /** The next build compiles all plugins of folders anew. */
  forget(): void {
    for (const folder of this.#folders.values()) folder.forget();
  }

  close(): void {
    this.#isClosed = true;
    this.#onChange = null;
    this.closeOthers(null);
  }

  /** A config is in force: nobody repairs a plugin in the folders of those that were refused any more. */
  closeOthers(inForce: string | null): void {
    for (const [directory, folder] of this.#folders) {
      if (directory === inForce) continue;
      folder.close();
      this.#folders.delete(directory);
    }
  }

  async #buildFolder({ plugins: { directory } }: Config): Promise<PolicyBundle | null> {
    if (directory === null) return null;
    const folder = this.#folders.get(directory) ?? (await this.#openFolder(directory));
    return folder.build();
  }

  /** A proxy without plugins does not load the compiler. */
  async #openFolder(directory: string): Promise<PluginFolder> {
    const { PluginFolder } = await import("./folder.ts");
    const changed = () => {
      if (this.#onChange === null) this.#changedUnheard = true;
      else this.#onChange();
    };
    const folder = new PluginFolder(directory, changed, this.#log);
    this.#folders.set(directory, folder);
    // Deno goes on for as long as a folder is watched.
    if (this.#isClosed) this.closeOthers(null);
    return folder;
  }
}
