import type { Logger } from "../../observe/log.ts";
import type { PolicyBundle } from "../../policy/bundle.ts";
import { createBundleBuilder } from "../../reload/bundle-builder.ts";
import { type PluginWatch, watchPlugins } from "../../reload/plugin-watch.ts";
import { PluginError } from "../../reload/problem.ts";
import { fromPlugin, logFields } from "../reload-problem.ts";

/** The folder of plugins: compiled when asked, and watched all the time. */
export class PluginFolder {
  readonly directory: string;
  readonly #log: Logger;
  #builder = createBundleBuilder();
  readonly #watch: PluginWatch;
  #inputs: readonly string[] = [];

  /** @param changed called when it is time to build again */
  constructor(directory: string, changed: () => void, log: Logger) {
    this.directory = directory;
    this.#log = log;
    this.#watch = watchPlugins({
      directory,
      changed,
      failed: (error) =>
        log.warn({ err: error, directory }, "Cannot watch the plugins; SIGHUP still reloads them"),
    });
  }

  /** What it was made of when it was built last, or what may put that right. */
  get inputs(): readonly string[] {
    return this.#inputs;
  }

  /** @throws PluginError with the problems of all plugins */
  async build(): Promise<PolicyBundle> {
    try {
      const { bundle, inputs, warnings } = await this.#builder.build(this.directory);
      this.#follow(inputs);
      for (const warning of warnings) this.#log.warn(logFields(fromPlugin(warning)), "Plugin compiled");
      return bundle;
    } catch (error) {
      // What may put it right is watched, too.
      if (error instanceof PluginError) this.#follow(error.inputs);
      throw error;
    }
  }

  /** All is compiled the next time, also what seems to be as it was: imports may find files that were not there. */
  forget(): void {
    this.#builder = createBundleBuilder();
  }

  #follow(inputs: readonly string[]): void {
    this.#inputs = inputs;
    this.#watch.update(inputs);
  }

  close(): void {
    this.#watch.close();
  }
}
