import type { Config } from "../config/model.ts";
import { ConfigError, formatProblem } from "../config/problem.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";

export interface ReloaderOptions {
  /** Reads the config again. */
  readonly read: () => Promise<Config>;
  /** Puts it in force, or throws and leaves the old one. */
  readonly apply: (config: Config) => Promise<void>;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Reloads one at a time; what is asked for meanwhile is done once more afterwards. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /**
   * Resolves when a reload that began after this call is over. Never rejects: a refused
   * config is logged, one line for each problem.
   */
  request(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#run();
    } else {
      this.#again = true;
    }
    return this.#running;
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      await this.#reload();
    } while (this.#again);
    this.#running = null;
  }

  async #reload(): Promise<void> {
    const { read, apply, log, metrics } = this.#options;
    try {
      await apply(await read());
      metrics.reload(true);
      log.info({}, "Config reloaded");
    } catch (error) {
      metrics.reload(false);
      for (const problem of problemsOf(error)) {
        log.error({ problem }, "Config refused, the old one stays");
      }
    }
  }
}

function problemsOf(error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems.map(formatProblem);
  return [error instanceof Error ? error.message : String(error)];
}
