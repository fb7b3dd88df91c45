import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { logFields, problemsOf, type ReloadProblem } from "./reload-problem.ts";

/** What may have changed. */
export type ReloadCause = "config" | "plugins";

export interface ReloaderOptions {
  /**
   * Puts in force what is wanted now, or throws and leaves the old.
   *
   * @returns false when there is nothing new
   */
  readonly reload: (causes: ReadonlySet<ReloadCause>) => Promise<boolean>;
  /** Told how each reload went; `problems` is empty when all that was saved is in force. */
  readonly onResult?: (problems: readonly ReloadProblem[]) => void;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** One save may be seen twice; what is wrong is told once, ms. */
const echoTime = 1000;
const nothingRefused = { text: "", at: Number.NEGATIVE_INFINITY };

/** Reloads one at a time; what is asked for meanwhile is done once more afterwards. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<void> | null = null;
  #causes = new Set<ReloadCause>();
  /** Of the config that was refused last; empty: what was read last is in force. */
  #configProblems: readonly ReloadProblem[] = [];
  #refused = nothingRefused;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /**
   * Resolves when a reload that began after this call is over. Never rejects: what is refused
   * is logged, one line for each problem.
   */
  request(cause: ReloadCause = "config"): Promise<void> {
    this.#causes.add(cause);
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#causes.size > 0) {
      const causes = this.#causes;
      this.#causes = new Set();
      await this.#reload(causes);
    }
    this.#running = null;
  }

  /** Plugins may put right what a config was refused for, and do not wait for one that stays refused. */
  async #reload(asked: ReadonlySet<ReloadCause>): Promise<void> {
    if (asked.has("config") || this.#configProblems.length > 0) {
      await this.#try(new Set([...asked, "config"]), asked);
      if (this.#configProblems.length === 0) return;
    }
    if (asked.has("plugins")) await this.#try(new Set(["plugins"]), new Set(["plugins"]));
  }

  async #try(causes: ReadonlySet<ReloadCause>, asked: ReadonlySet<ReloadCause>): Promise<void> {
    const { reload, onResult, log, metrics } = this.#options;
    const subject = causes.has("config") ? "Config" : "Plugins";
    try {
      const isNew = await reload(causes);
      if (causes.has("config")) this.#configProblems = [];
      if (!isNew) return;
      // The same again would be another save. A config that stays refused is not told anew for good plugins.
      if (this.#configProblems.length === 0) this.#refused = nothingRefused;
      metrics.reload(true);
      onResult?.(this.#configProblems);
      log.info({}, `${subject} reloaded`);
    } catch (error) {
      const problems = problemsOf(error);
      if (causes.has("config")) this.#configProblems = problems;
      if (this.#isEcho(problems, asked)) return;
      metrics.reload(false);
      onResult?.(problems);
      for (const problem of problems) log.error(logFields(problem), refusals[subject]);
    }
  }

  #isEcho(problems: readonly ReloadProblem[], asked: ReadonlySet<ReloadCause>): boolean {
    const [text, at] = [JSON.stringify(problems), performance.now()];
    const isSame = text === this.#refused.text && at - this.#refused.at < echoTime;
    this.#refused = { text, at };
    return isSame && !asked.has("config");
  }
}

const refusals = {
  Config: "Config refused, the old one stays",
  Plugins: "Plugins refused, the old ones stay",
} as const;
