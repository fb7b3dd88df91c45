/** Which generation of plugins is in force: from the folder, from the last good ones on disk, or back again. */
import type { Config } from "../../config/model.ts";
import { PlaneError } from "../../data/calls.ts";
import type { PlaneReport } from "../../data/plane.ts";
import type { Logger } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { folderPlugins, type PolicyBundle } from "../../policy/bundle.ts";
import { generationId, type PolicyPart, policyPart, withPolicyPart } from "../../reload/generation.ts";
import { PluginError } from "../../reload/problem.ts";
import { logFields, problemsOf, type ReloadProblem } from "../reload-problem.ts";
import type { ReloadCause } from "../reloader.ts";
import { BuiltInPlugins, isHostCode } from "./built-in-plugins.ts";
import type { PluginFolder } from "./folder.ts";
import type { LastGood } from "./last-good.ts";
import { type FaultRate, Probation, rateIn } from "./probation.ts";
import { PluginStartError } from "./start-error.ts";

export interface PluginGenerationsOptions {
  readonly config: Config;
  /** Reads the config again; null: it does not change. */
  readonly read: (() => Promise<Config>) | null;
  /** Puts both in force, or throws and leaves the old ones. */
  readonly apply: (config: Config, bundle: PolicyBundle | null) => Promise<void>;
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
  readonly result: "applied" | "refused" | "rolled_back";
  /** In ms since 1970. */
  readonly at: number;
  readonly problems: readonly ReloadProblem[];
}

export class PluginGenerations {
  readonly #options: PluginGenerationsOptions;
  /** As it was read last, without what a rollback puts over it. */
  #config: Config;
  #current: Generation;
  #probation: { readonly watch: Probation; readonly previous: Generation } | null = null;
  /** What was rolled back is not tried again. */
  #rejected: string | null = null;
  #last: LastReload | null = null;
  #folder: PluginFolder | null = null;
  #onChange: (() => void) | null = null;
  #changedUnheard = false;
  #requestsBefore = 0;
  #saving: Promise<void> = Promise.resolve();
  /** A reload and a rollback must not overlap. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #strikes = new Map<string, number>();
  readonly #builtIns: BuiltInPlugins;

  constructor(options: PluginGenerationsOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#builtIns = new BuiltInPlugins(options.log);
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
    try {
      const bundle = await this.#build(config);
      const result = await serve(config, bundle);
      this.#current = this.#generation(bundle, config, "files", bundle === null ? 0 : 1);
      if (bundle !== null) this.#save();
      return result;
    } catch (error) {
      if (!isAboutPlugins(error)) throw error;
      return await this.#startFromState(error, serve);
    }
  }

  /** @param changed to be called when something changed on disk, also since the start */
  listen(changed: () => void): void {
    this.#onChange = changed;
    if (this.#changedUnheard) changed();
  }

  /** Returns false when there is nothing new; throws and leaves the old one when the new one cannot be used. */
  reload(causes: ReadonlySet<ReloadCause>): Promise<boolean> {
    return this.#inTurn(() => this.#reload(causes));
  }

  /** How the Reloader tells how it went. */
  onResult(problems: readonly ReloadProblem[]): void {
    this.#last = { result: problems.length === 0 ? "applied" : "refused", at: Date.now(), problems };
  }

  /** A plugin in service has ended the data process. New code gets no second chance. */
  onStrike(plugin: string): void {
    this.#strikes.set(plugin, (this.#strikes.get(plugin) ?? 0) + 1);
    if (this.#probation === null) return;
    const hashIn = ({ bundle }: Generation) => bundle?.plugins.find(({ name }) => name === plugin)?.hash;
    if (hashIn(this.#probation.previous) === hashIn(this.#current)) return;
    this.#rollBackSoon(`plugin ${plugin} ended the data process`);
  }

  close(): void {
    this.#onChange = null;
    this.#folder?.close();
    this.#probation?.watch.cancel();
  }

  /** Resolves when the state is written that was to be written. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  // --- start

  async #startFromState<Result>(
    reason: unknown,
    serve: (config: Config, bundle: PolicyBundle | null) => Promise<Result>,
  ): Promise<Result> {
    const problems = problemsOf(reason);
    const state = await this.#loadState();
    if (state === null) throw startError(problems);
    for (const problem of problems) this.#options.log.error(logFields(problem), "Plugins refused");
    const { compileRuntime } = await import("../../reload/compile-runtime.ts");
    const kept = { runtime: await compileRuntime(), plugins: state.plugins };
    const [config, bundle, result] = await this.#serveState(state, kept, serve);
    this.#current = this.#generation(bundle, config, "state", 1);
    this.#last = { result: "refused", at: Date.now(), problems };
    this.#options.log.warn(
      { savedAt: new Date(state.savedAt).toISOString(), plugins: state.plugins.map(({ name }) => name) },
      "The last good plugins are served until those of the folder can be used",
    );
    return result;
  }

  /** With the config as it is now; where that does not fit the old code, with the policies of then. */
  async #serveState<Result>(
    state: LastGood,
    kept: PolicyBundle,
    serve: (config: Config, bundle: PolicyBundle) => Promise<Result>,
  ): Promise<[Config, PolicyBundle, Result]> {
    const attempt = async (config: Config): Promise<[Config, PolicyBundle, Result]> => {
      const bundle = (await this.#builtIns.addTo(kept, config))!;
      return [config, bundle, await serve(config, bundle)];
    };
    const config = this.#config;
    try {
      return await attempt(config);
    } catch (error) {
      if (!isAboutPlugins(error)) throw error;
    }
    try {
      return await attempt(withPolicyPart(config, state.policies));
    } catch (error) {
      throw isAboutPlugins(error) ? startError(problemsOf(error)) : error;
    }
  }

  async #loadState(): Promise<LastGood | null> {
    const { directory, state } = this.#config.plugins;
    if (directory === null || state === null) return null;
    try {
      return await (await import("./last-good.ts")).loadLastGood(state, directory);
    } catch (error) {
      this.#options.log.warn({ state, err: error }, "The last good plugins cannot be used");
      return null;
    }
  }

  // --- reload

  async #reload(causes: ReadonlySet<ReloadCause>): Promise<boolean> {
    const isConfig = causes.has("config") && this.#options.read !== null;
    const config = isConfig ? await this.#options.read!() : this.#config;
    const before = this.#current.bundle === null ? null : this.#options.report();
    const bundle = await this.#build(config);
    const id = generationId(bundle, config);
    if (id === this.#rejected) {
      if (isConfig) await this.#apply(withPolicyPart(config, this.#current.policies), this.#current.bundle);
      this.#config = config;
      return isConfig;
    }
    if (id === this.#current.id && !isConfig) return this.#filesAreGood();
    await this.#apply(config, bundle);
    this.#config = config;
    this.#rejected = null;
    if (id !== this.#current.id) this.#enter(bundle, config, (await before) ?? null);
    return true;
  }

  /** What is served from the state lies in the folder again. */
  #filesAreGood(): boolean {
    if (this.#current.source === "files") return false;
    this.#current = { ...this.#current, source: "files" };
    return true;
  }

  #enter(bundle: PolicyBundle | null, config: Config, before: PlaneReport | null): void {
    const previous = this.#current;
    this.#current = this.#generation(bundle, config, "files", previous.number + 1);
    this.#forgetStrikes();
    this.#probation?.watch.cancel();
    this.#probation = null;
    if (bundle !== null) this.#save();
    if (previous.bundle === null || before === null) return;
    const { faults, requests } = rateIn(before);
    const old = { faults, requests: requests - this.#requestsBefore };
    this.#requestsBefore = requests;
    this.#putOnProbation(previous, old);
  }

  #apply(config: Config, bundle: PolicyBundle | null): Promise<void> {
    if (bundle !== null && !this.#options.hostsPlugins && !isHostCode(bundle, config)) {
      throw new Error(
        "Cannot add plugins by a reload: the data process was started without their engines; start Sluice again",
      );
    }
    return this.#options.apply(config, bundle);
  }

  async #build(config: Config): Promise<PolicyBundle | null> {
    return this.#builtIns.addTo(await this.#buildFolder(config), config);
  }

  async #buildFolder(config: Config): Promise<PolicyBundle | null> {
    const { directory } = config.plugins;
    if (this.#folder !== null && this.#folder.directory !== directory) {
      this.#folder.close();
      this.#folder = null;
    }
    if (directory === null) return null;
    this.#folder ??= await this.#openFolder(directory);
    return this.#folder.build();
  }

  /** A proxy without plugins does not load the compiler. */
  async #openFolder(directory: string): Promise<PluginFolder> {
    const { PluginFolder } = await import("./folder.ts");
    const changed = () => {
      if (this.#onChange === null) this.#changedUnheard = true;
      else this.#onChange();
    };
    return new PluginFolder(directory, changed, this.#options.log);
  }

  // --- probation

  #putOnProbation(previous: Generation, old: FaultRate): void {
    const watch = new Probation({
      report: this.#options.report,
      old,
      requestsBefore: this.#requestsBefore,
      failed: ({ faults, requests }) =>
        this.#rollBackSoon(
          `${faults} faults in ${requests} requests, before it ${old.faults} in ${old.requests}`,
        ),
      passed: () => {
        this.#probation = null;
      },
    });
    this.#probation = { watch, previous };
  }

  #rollBackSoon(because: string): void {
    const probation = this.#probation;
    if (probation === null) return;
    probation.watch.cancel();
    void this.#inTurn(() => this.#rollBack(probation.previous, because)).catch((error: unknown) => {
      this.#options.log.error({ err: error }, "Cannot go back to the plugins before");
    });
  }

  async #rollBack(previous: Generation, because: string): Promise<void> {
    // Another generation came meanwhile.
    if (this.#probation?.previous !== previous) return;
    this.#probation = null;
    const { log, metrics } = this.#options;
    const rejected = this.#current;
    await this.#apply(withPolicyPart(this.#config, previous.policies), previous.bundle);
    this.#rejected = rejected.id;
    this.#current = previous;
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

  /** Nobody waits for the disk. */
  #save(): void {
    const { directory, state } = this.#config.plugins;
    const { bundle, policies } = this.#current;
    if (state === null || directory === null || bundle === null) return;
    // What is built in is always that of this program.
    const kept = { plugins: folderPlugins(bundle), policies, savedAt: Date.now() };
    this.#saving = this.#saving
      .then(async () => (await import("./last-good.ts")).saveLastGood(state, directory, kept))
      .catch((error: unknown) => {
        this.#options.log.warn({ state, err: error }, "The last good plugins cannot be kept");
      });
  }

  #forgetStrikes(): void {
    const names = new Set(this.#current.bundle?.plugins.map(({ name }) => name));
    for (const name of [...this.#strikes.keys()]) if (!names.has(name)) this.#strikes.delete(name);
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => {});
    return result;
  }
}

function isAboutPlugins(error: unknown): boolean {
  return error instanceof PluginError || (error instanceof PlaneError && error.plugin !== null);
}

function startError(problems: readonly ReloadProblem[]): PluginStartError {
  return new PluginStartError(
    problems.map(({ problem, frame }) => (frame === "" ? problem : `${problem}\n${frame}`)).join("\n"),
  );
}
