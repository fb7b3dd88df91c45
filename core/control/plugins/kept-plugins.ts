import type { PluginsConfig } from "../../config/model.ts";
import type { Logger } from "../../observe/log.ts";
import { folderPlugins, type PolicyBundle } from "../../policy/bundle.ts";
import type { PolicyPart } from "../../reload/generation.ts";
import type { LastGood, RejectedGeneration } from "./last-good.ts";

/** The last good plugins of a folder, where `--state` says that they are kept. What goes wrong is only logged. */
export class KeptPlugins {
  readonly #log: Logger;
  #saving: Promise<void> = Promise.resolve();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Null when none are kept, or they cannot be used. */
  async load({ directory, state }: PluginsConfig): Promise<LastGood | null> {
    if (directory === null || state === null) return null;
    try {
      return await (await import("./last-good.ts")).loadLastGood(state, directory);
    } catch (error) {
      this.#log.warn({ state, err: error }, "The last good plugins cannot be used");
      return null;
    }
  }

  /** The generation that was rolled back when the plugins were kept last. What cannot be read is about to be written anew. */
  async rejected({ directory, state }: PluginsConfig): Promise<RejectedGeneration | null> {
    if (directory === null || state === null) return null;
    const { loadLastGood } = await import("./last-good.ts");
    const kept = await loadLastGood(state, directory).catch(() => null);
    return kept?.rejected ?? null;
  }

  /**
   * Nobody waits for the disk.
   *
   * @param rejected the generation that was rolled back to this one
   */
  save(
    { directory, state }: PluginsConfig,
    bundle: PolicyBundle | null,
    policies: PolicyPart,
    rejected: RejectedGeneration | null,
  ): void {
    if (state === null || directory === null || bundle === null) return;
    // What is built in is always that of this program.
    const kept = {
      plugins: folderPlugins(bundle),
      policies,
      rejected: rejected ?? undefined,
      savedAt: Date.now(),
    };
    this.#saving = this.#saving
      .then(async () => (await import("./last-good.ts")).saveLastGood(state, directory, kept))
      .catch((error: unknown) => {
        this.#log.warn({ state, err: error }, "The last good plugins cannot be kept");
      });
  }

  /** Resolves when what was to be written is written. */
  async settled(): Promise<void> {
    await this.#saving;
  }
}
