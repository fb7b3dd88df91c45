/** Which generation of plugins is in force: from the folder, from the last good ones on disk, or back again. */
import type { Config } from "../../config/model.ts";
import type { PlaneReport } from "../../data/plane.ts";
import type { Logger } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { folderPlugins, type PolicyBundle, versionOf } from "../../policy/bundle.ts";
import {
  changedPlugins,
  codeId,
  generationId,
  type PolicyPart,
  policyPart,
} from "../../reload/generation.ts";
import { OneByOne } from "../one-by-one.ts";
import { isAboutPlugins, problemsOf, type ReloadProblem } from "../reload-problem.ts";
import type { ReloadCause } from "../reloader.ts";
import { isHostCode } from "./built-in-plugins.ts";
import { BundleSource } from "./bundle-source.ts";
import { KeptPlugins } from "./kept-plugins.ts";
import type { RejectedGeneration } from "./last-good.ts";
import { type FaultRates, Probation, ratesIn } from "./probation.ts";
import { serveOlder, tellRoutes, withOlderPart } from "./serve-older.ts";
import { rejectedBefore, serveKept } from "./start-kept.ts";

export interface PluginGenerationsOptions {
  readonly config: Config;
  /** Reads the config again; null: it does not change. */
  readonly read: (() => Promise<Config>) | null;
  /** Puts both in force, or throws and leaves the old ones. Returns whether a data process has loaded all of it. */
  readonly apply: (config: Config, bundle: PolicyBundle | null) => Promise<boolean>;
  readonly report: () => Promise<PlaneReport | null>;
  /** Whether the data process can run plugins at all. */
  readonly hostsPlugins: boolean;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Generation {
  /** Counts from 1. */
  readonly number: number;
  readonly bundle: PolicyBundle | null;
  /** What the config says of policies. */
  readonly policies: PolicyPart;
  /** Equal for equal code and config of policies. */
  readonly id: string;
  /** In ms since 1970. */
  readonly loadedAt: number;
  /** `state`: the folder cannot be used, these are the last good ones. */
  readonly source: "files" | "state";
}

export interface LastReload {
  /** `refused`: something on disk is not in force, if only the config. */
  readonly result: "applied" | "refused" | "rolled_back";
  /** In ms since 1970. */
  readonly at: number;
  readonly problems: readonly ReloadProblem[];
}

/** A generation that others are measured by, and that a rollback goes back to. */
interface Proven {
  readonly generation: Generation;
  /** As it ended. */
  readonly rates: FaultRates;
}

export class PluginGenerations {
  readonly #options: PluginGenerationsOptions;
  /** As it was read last, without what a rollback puts over it. */
  #config: Config;
  #current: Generation;
  #probation: { readonly watch: Probation; readonly proven: Proven } | null = null;
  /** What was rolled back last is not tried again. */
  #rejected: RejectedGeneration | null = null;
  #last: LastReload | null = null;
  /** What lies in the folder was refused: it is told when the files are again those in force. */
  #areFilesRefused = false;
  readonly #strikes = new Map<string, number>();
  /** What is in force is kept once a data process has loaded it. */
  #isUnsaved = false;
  #isClosed = false;
  /** A reload and a rollback must not overlap. */
  readonly #turns = new OneByOne();
  readonly #source: BundleSource;
  readonly #kept: KeptPlugins;

  constructor(options: PluginGenerationsOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#source = new BundleSource(options.log);
    this.#kept = new KeptPlugins(options.log);
    this.#current = this.#generation(null, options.config, "files", 0);
  }

  get current(): Generation {
    return this.#current;
  }

  get last(): LastReload | null {
    return this.#last;
  }

  get directory(): string | null {
    return this.#config.plugins.directory;
  }

  get isOnProbation(): boolean {
    return this.#probation !== null;
  }

  /** How often each plugin has ended the data process. */
  get strikes(): ReadonlyMap<string, number> {
    return this.#strikes;
  }

  /**
   * Puts the first generation in force.
   *
   * @param serve starts the data process with it
   * @throws PluginStartError that names every problem when neither the folder nor what was kept of it can be used
   */
  async start<Result>(
    serve: (config: Config, bundle: PolicyBundle | null) => Promise<Result>,
  ): Promise<Result> {
    const config = this.#config;
    const options = { config, kept: this.#kept, source: this.#source, log: this.#options.log };
    try {
      const bundle = await this.#source.build(config);
      this.#rejected = await rejectedBefore(bundle, options);
      if (this.#rejected !== null)
        throw new Error(`${this.#rejected.problem}; change them, or start with another --state`);
      const result = await serve(config, bundle);
      this.#current = this.#generation(bundle, config, "files", bundle === null ? 0 : 1);
      if (bundle !== null) this.#save();
      return result;
    } catch (error) {
      if (this.#isClosed || (!isAboutPlugins(error) && this.#rejected === null)) throw error;
      const problems = problemsOf(error);
      const served = await serveKept(problems, options, serve);
      this.#current = this.#generation(served.bundle, served.config, "state", 1);
      this.#last = { result: "refused", at: Date.now(), problems };
      return served.result;
    }
  }

  /** @param changed to be called when something changed on disk, also since the start */
  listen(changed: () => void): void {
    this.#source.listen(changed);
  }

  /** The next reload brings what a start would: also what no file of a plugin shows, as packages that were put elsewhere. */
  forgetCompiled(): void {
    this.#source.forget();
  }

  /**
   * Returns false when there is nothing new, or nothing is put in force any more; throws and leaves the old one when
   * the new one cannot be used.
   */
  reload(causes: ReadonlySet<ReloadCause>): Promise<boolean> {
    return this.#turns.run(async () => {
      if (this.#isClosed) return false;
      try {
        return await this.#reload(causes);
      } catch (error) {
        // It is no fault of what was to be put in force.
        if (this.#isClosed) return false;
        if (!causes.has("config")) this.#areFilesRefused = true;
        throw error;
      }
    });
  }

  /** How the Reloader tells how it went. */
  onResult(problems: readonly ReloadProblem[]): void {
    const open = problems.length === 0 ? this.#openProblems() : problems;
    this.#last = { result: open.length === 0 ? "applied" : "refused", at: Date.now(), problems: open };
  }

  /**
   * A plugin in service has ended the data process. New code gets no second chance, but answers for itself alone.
   *
   * @param version of the code that did it
   */
  onStrike(plugin: string, version: string): void {
    this.#strikes.set(plugin, (this.#strikes.get(plugin) ?? 0) + 1);
    if (this.#probation === null) return;
    const hashIn = ({ bundle }: Generation) => bundle?.plugins.find(({ name }) => name === plugin)?.hash;
    const hash = hashIn(this.#current);
    if (hash === undefined || versionOf(hash) !== version) return;
    if (hashIn(this.#probation.proven.generation) === hash) return;
    this.#rollBackSoon(`plugin ${plugin} ended the data process`);
  }

  /** A data process has loaded all that is in force, which it may not have done when that was put in force. */
  onLoaded(): void {
    if (this.#isUnsaved) this.#save();
  }

  /** Nothing is put in force any more. */
  close(): void {
    this.#isClosed = true;
    this.#source.close();
    this.#probation?.watch.cancel();
    this.#probation = null;
  }

  /** Resolves when the state is written that was to be written. */
  async settled(): Promise<void> {
    await this.#kept.settled();
  }

  // --- reload

  async #reload(causes: ReadonlySet<ReloadCause>): Promise<boolean> {
    const isConfig = causes.has("config") && this.#options.read !== null;
    const config = isConfig ? await this.#options.read!() : this.#config;
    const before = this.#current.bundle === null ? null : this.#options.report();
    const bundle = await this.#source.build(config);
    if (this.#isClosed) return false;
    const id = generationId(bundle, config);
    if (id === this.#rejected?.id) {
      if (!isConfig) throw new Error(this.#rejected.problem);
      this.#current = await this.#applyOlder(config, this.#current);
      this.#areFilesRefused = true;
      this.#accept(config);
      // These have been loaded before.
      this.onLoaded();
      return true;
    }
    if (id === this.#current.id && !isConfig) return this.#filesAreGood();
    const isLoaded = await this.#apply(config, bundle);
    this.#accept(config);
    this.#rejected = null;
    if (id === this.#current.id) this.#filesAreGood();
    else this.#enter(bundle, config, (await before) ?? null);
    if (isLoaded) this.onLoaded();
    return true;
  }

  #accept(config: Config): void {
    if (config === this.#config) return;
    const { directory, state } = this.#config.plugins;
    if (directory !== config.plugins.directory || state !== config.plugins.state) this.#isUnsaved = true;
    this.#config = config;
    this.#source.closeOthers(config.plugins.directory);
  }

  /** What is in force lies in the folder. Returns whether it did not before. */
  #filesAreGood(): boolean {
    const isNews = this.#current.source !== "files" || this.#areFilesRefused;
    this.#areFilesRefused = false;
    if (isNews) this.#current = { ...this.#current, source: "files" };
    return isNews;
  }

  /** A config may have been put in force without the plugins beside it. */
  #openProblems(): readonly ReloadProblem[] {
    if (!this.#areFilesRefused || this.#rejected === null) return [];
    return [{ problem: this.#rejected.problem, frame: "" }];
  }

  #enter(bundle: PolicyBundle | null, config: Config, before: PlaneReport | null): void {
    const proven = this.#proven(before);
    this.#current = this.#generation(bundle, config, "files", this.#current.number + 1);
    this.#areFilesRefused = false;
    this.#forgetStrikes();
    this.#probation?.watch.cancel();
    this.#probation = null;
    this.#isUnsaved = bundle !== null;
    if (proven !== null) this.#putOnProbation(proven);
  }

  /** What is on probation proves nothing: what was there before it still counts. Null: nothing to compare with. */
  #proven(before: PlaneReport | null): Proven | null {
    if (this.#probation !== null) return this.#probation.proven;
    if (this.#current.bundle === null) return null;
    // A data process that is away tells nothing of the past; what is new is measured all the same.
    return { generation: this.#current, rates: before === null ? new Map() : ratesIn(before) };
  }

  /** With what the config said of them, as far as that is not the operator's alone; else with what it says now. */
  async #applyOlder(config: Config, older: Generation): Promise<Generation> {
    const folder = older.bundle && { ...older.bundle, plugins: folderPlugins(older.bundle) };
    const configs = [withOlderPart(config, older.policies, folder), config] as const;
    const served = await serveOlder(folder, configs, this.#source, (config, bundle) =>
      this.#apply(config, bundle),
    );
    tellRoutes(config, served.config, this.#options.log);
    const id = generationId(served.bundle, served.config);
    return { ...older, bundle: served.bundle, policies: policyPart(served.config), id };
  }

  #apply(config: Config, bundle: PolicyBundle | null): Promise<boolean> {
    if (bundle !== null && !this.#options.hostsPlugins && !isHostCode(bundle, config)) {
      throw new Error(
        "Cannot add plugins by a reload: the data process was started without their engines; start Sluice again",
      );
    }
    return this.#options.apply(config, bundle);
  }

  // --- probation

  #putOnProbation(proven: Proven): void {
    const plugins = changedPlugins(proven.generation, this.#current);
    if (plugins?.size === 0) return;
    const watch = new Probation({
      report: this.#options.report,
      plugins,
      old: proven.rates,
      failed: ({ name, fresh, old }) =>
        this.#rollBackSoon(
          `plugin ${name} had ${fresh.faults} faults in ${fresh.requests} requests, before it ${old.faults} in ${old.requests}`,
        ),
      passed: () => {
        this.#probation = null;
      },
    });
    this.#probation = { watch, proven };
  }

  #rollBackSoon(because: string): void {
    const probation = this.#probation;
    if (probation === null) return;
    probation.watch.cancel();
    const rollBack = async () => {
      // Another generation may have come meanwhile.
      if (this.#probation === probation) await this.#rollBack(probation.proven.generation, because);
    };
    void this.#turns.run(rollBack).catch((error: unknown) => {
      if (this.#isClosed) return;
      this.#options.log.error({ err: error }, "Cannot go back to the plugins before");
    });
  }

  async #rollBack(previous: Generation, because: string): Promise<void> {
    this.#probation = null;
    const { log, metrics } = this.#options;
    const rejected = this.#current;
    const older = await this.#applyOlder(this.#config, previous);
    if (older.id === rejected.id)
      throw new Error("what is new is beside built-in policies that are new, too");
    this.#current = older;
    this.#rejected = {
      id: rejected.id,
      code: changedPlugins(previous, rejected) === null ? codeId(rejected.bundle) : null,
      problem: `Cannot use plugins that were rolled back: ${because}`,
    };
    this.#areFilesRefused = true;
    this.#last = { result: "rolled_back", at: Date.now(), problems: [{ problem: because, frame: "" }] };
    this.#save();
    metrics.rolledBack();
    log.error(
      { problem: because, from: rejected.number, to: previous.number },
      "Plugins rolled back: the generation before is in force until files change",
    );
  }

  // --- parts

  #generation(
    bundle: PolicyBundle | null,
    config: Config,
    source: Generation["source"],
    number: number,
  ): Generation {
    const id = generationId(bundle, config);
    return { number, bundle, policies: policyPart(config), id, loadedAt: Date.now(), source };
  }

  #save(): void {
    const { bundle, policies } = this.#current;
    this.#isUnsaved = false;
    this.#kept.save(this.#config.plugins, bundle, policies, this.#rejected);
  }

  #forgetStrikes(): void {
    const names = new Set(this.#current.bundle?.plugins.map(({ name }) => name));
    for (const name of [...this.#strikes.keys()]) if (!names.has(name)) this.#strikes.delete(name);
  }
}
