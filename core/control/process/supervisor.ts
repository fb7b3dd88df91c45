import { setTimeout as delay } from "node:timers/promises";
import { usesPlugins } from "../../config/built-in-plugins.ts";
import type { Config } from "../../config/model.ts";
import { ChannelClosed, PlaneError } from "../../data/calls.ts";
import type { Entry } from "../../data/entry-trace.ts";
import type {
  EndpointChange,
  ListenerAddress,
  PlaneReport,
  PurgeRequest,
  PurgeResult,
} from "../../data/plane.ts";
import type { Logger } from "../../observe/log.ts";
import { type PolicyBundle, versionOf } from "../../policy/bundle.ts";
import type { Discovered } from "../../policy/policy-set.ts";
import { type PinnedValue, PinnedValues } from "../../store/kv/pinned-values.ts";
import { DiscoveredEndpoints } from "../discovery/discovered-endpoints.ts";
import { OneByOne } from "../one-by-one.ts";
import { Quarantine } from "../plugins/quarantine.ts";
import { type AddedListeners, BoundListeners } from "./bound-listeners.ts";
import { type DataExit, type DataProcess, wasKilled } from "./data-process.ts";
import { DataProcesses } from "./data-processes.ts";
import { ProcessLost } from "./process-lost.ts";
import { restartDelay } from "./restart-delay.ts";

export type DataState = "starting" | "serving" | "draining" | "stopped";

/** Added to `drainDelay` and `drainTimeout` before a data process that does not finish is killed, in ms. */
const drainGrace = 5000;

/** Time for the data process to end once it has hung up, in ms. */
const exitGrace = 2000;

/** Enough for the longest delay between restarts. */
const crashesRemembered = 16;

/** How often a config is handed over in all when the data process ends meanwhile. */
const mostAttempts = 3;

/** So many starts that failed in a row are no accident. */
const failuresToGiveUp = 2;

/** Time for the data process to report its metrics, in ms. */
const reportTimeout = 1000;

/** Nothing is put in force any more. */
const isEnding = "Cannot change what is in force: Sluice is ending; the next start takes what is on disk";

/** Keeps one data process running, with the config that is in force. */
export class Supervisor {
  readonly #listeners: BoundListeners;
  readonly #quarantine = new Quarantine({
    log: () => this.#log,
    bundle: () => this.#bundle,
    // Those in force then: a reload may be before it.
    lift: () =>
      this.#turns.run(async () => {
        if (await this.#put(this.#config, this.#bundle)) this.onLoaded();
      }),
  });
  /** Whether the data process was started in the way that the engines of plugins need. */
  readonly hostsPlugins: boolean;
  /** Told when a plugin in service has ended the data process, with the version of its code. */
  onPluginStrike: (plugin: string, version: string) => void = () => {};
  /** Told when a data process has come to load all that is in force, with no reload. */
  onLoaded: () => void = () => {};
  #log: Logger | null = null;
  #config: Config;
  #bundle: PolicyBundle | null = null;
  readonly #discovered = new DiscoveredEndpoints();
  readonly #pinned = new PinnedValues();
  readonly #processes: DataProcesses;
  #state: DataState = "starting";
  #restarts = 0;
  #crashes: readonly number[] = [];
  /** Whether the data process ended before it served. */
  #isLost = false;
  /** Restarts that have failed, since it served last. */
  #failedStarts = 0;
  /** Whether the last restart came to nothing because the process ended, nobody knows why. */
  #wasStartLost = false;
  /** Calls under way that load plugins. */
  #loadingCalls = 0;
  /** A restart and a reload must not overlap: each needs the config that the other leaves. */
  readonly #turns = new OneByOne();

  /** Forks at once, so that the data process boots while the caller prepares the rest. */
  constructor(config: Config) {
    this.#config = config;
    this.hostsPlugins = usesPlugins(config);
    this.#listeners = new BoundListeners(config.workers);
    this.#processes = new DataProcesses({
      reactors: config.workers,
      hasPlugins: this.hostsPlugins,
      config: () => this.#config,
      isServing: () => this.#state === "serving",
    });
  }

  get #process(): DataProcess {
    return this.#processes.present;
  }

  /** Whether a plugin that ends the data process goes without being found out. */
  get isUntraced(): boolean {
    return this.hostsPlugins && !this.#process.isTraced;
  }

  get state(): DataState {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** The config in force. */
  get config(): Config {
    return this.#config;
  }

  /** Names of listeners that one reactor serves alone. */
  get unsharedListeners(): readonly string[] {
    return this.#listeners.unshared(this.#config);
  }

  /** Plugins that are out of service, and when they are tried again, in ms since 1970. */
  bannedPlugins(): ReadonlyMap<string, number> {
    return this.#quarantine.list();
  }

  /**
   * Binds, and serves the first config.
   *
   * @throws when an address cannot be bound or the data process cannot start. After a PlaneError, which
   *   is about plugins, it may be called again with others.
   */
  async start(
    log: Logger,
    bundle: PolicyBundle | null = null,
    config: Config = this.#config,
  ): Promise<readonly ListenerAddress[]> {
    this.#log = log;
    if (this.#isEnding) throw new Error(isEnding);
    await this.#bind(config);
    const addresses = await this.#startPlane(config, bundle);
    this.#config = config;
    this.#bundle = bundle;
    // It may have been stopped meanwhile.
    if (this.#state === "starting") {
      this.#state = "serving";
      void this.#keepRunning();
    }
    // Those that came while it started.
    const pinned = this.#pinned.list();
    if (pinned.length > 0) await this.pin(pinned);
    this.#learn();
    return addresses;
  }

  #startPlane(
    config: Config,
    bundle: PolicyBundle | null,
    isAgain = false,
  ): Promise<readonly ListenerAddress[]> {
    return this.#call(bundle, isAgain, async () => {
      const { plane } = this.#process;
      const pinned = this.#pinned.list();
      if (pinned.length > 0) await plane.pin(pinned);
      return plane.start(this.#discovered.fill(config), bundle);
    });
  }

  async #bind(config: Config): Promise<void> {
    const added = await this.#listeners.prepare(config);
    added.sendTo(this.#process);
    added.commit();
    if (this.#isLost) {
      this.#replace();
      this.#isLost = false;
    }
  }

  /**
   * A call that a plugin may answer by ending the process while it is loaded.
   *
   * @param bundle what is loaded
   * @param isAgain whether the process ended at the same call before
   */
  async #call<Result>(
    bundle: PolicyBundle | null,
    isAgain: boolean,
    call: () => Promise<Result>,
  ): Promise<Result> {
    const { exited } = this.#process;
    this.#loadingCalls++;
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ChannelClosed)) throw error;
      const exit = await exited;
      if (this.#isEnding) throw new Error(isEnding);
      this.#isLost = true;
      const { inside } = exit;
      // Who was being loaded need not be the reason for a kill, unless it happens again.
      const wasLoading = inside?.isLoading === true && isOf(bundle, inside);
      if (!wasLoading || (wasKilled(exit) && !isAgain)) throw new ProcessLost(true);
      const { plugin } = inside;
      const message = `Cannot load the plugin ${plugin}: it ended the data process`;
      throw new PlaneError({ error: message, plugin, problems: [], use: null });
    } finally {
      this.#loadingCalls--;
    }
  }

  /** What plugins are, for the time when they cannot be asked. */
  #learn(): void {
    if (this.#bundle === null) return;
    void this.report().then((report) => report && this.#quarantine.learn(report.plugins.flat()));
  }

  /**
   * When the data process ends meanwhile, the next one is asked.
   *
   * @returns whether a data process has loaded all of it
   * @throws when the config cannot be applied; the one in force stays
   */
  async apply(config: Config, bundle: PolicyBundle | null): Promise<boolean> {
    let isAgain = false;
    for (let attempt = 1; ; attempt++) {
      try {
        // Behind the restart, if there is one.
        return await this.#turns.run(() => this.#put(config, bundle, isAgain));
      } catch (error) {
        if (!(error instanceof ProcessLost) || attempt === mostAttempts) throw error;
        isAgain ||= error.wasHanded;
      }
    }
  }

  async #put(config: Config, bundle: PolicyBundle | null, isAgain = false): Promise<boolean> {
    if (this.#isEnding) throw new Error(isEnding);
    const added = await this.#listeners.prepare(config);
    try {
      const isLoaded = await this.#hand(config, bundle, added, isAgain);
      this.#config = config;
      this.#bundle = bundle;
      added.commit();
      this.#quarantine.forgetOthers();
      this.#discovered.keepOnly(config);
      this.#learn();
      return isLoaded;
    } catch (error) {
      added.rollback();
      throw error;
    }
  }

  /** What discovery found. A data process that is not there is told when it starts. */
  setEndpoints(change: EndpointChange): Promise<void> {
    this.#discovered.set(change);
    return this.#turns.run(async () => {
      if (this.#state === "serving") await this.#process.plane.setEndpoints(change).catch(() => {});
    });
  }

  /**
   * Asks a plugin for the endpoints of a cluster.
   *
   * @throws when it gives none, or no data process is there to ask it
   */
  async discover(cluster: string): Promise<Discovered> {
    if (this.#state !== "serving") throw new Error("no data process is there to ask the plugin");
    return this.#process.plane.discover(cluster);
  }

  /**
   * Purges stored responses.
   *
   * @throws when no data process is there
   */
  async purge(request: PurgeRequest): Promise<PurgeResult> {
    if (this.#state !== "serving") throw new Error("no data process is there");
    return this.#process.plane.purge(request);
  }

  /** Values of the operator for plugins. A data process that is not there is told when it starts. */
  pin(values: readonly PinnedValue[]): Promise<void> {
    for (const value of values) this.#pinned.set(value);
    return this.#turns.run(async () => {
      if (this.#state === "serving") await this.#process.plane.pin(values).catch(() => {});
    });
  }

  /** Null when no data process answers in time. */
  async report(): Promise<PlaneReport | null> {
    if (this.#state === "stopped") return null;
    const late = delay(reportTimeout, null, { ref: false });
    return Promise.race([this.#process.plane.report().catch(() => null), late]);
  }

  /** Finishes what is in flight and ends the data process. */
  async drain(): Promise<void> {
    this.#endAs("draining");
    const { drainDelay, drainTimeout } = this.#config.timeouts;
    const closing = this.#closeListenersAfter(drainDelay);
    const limit = delay(drainDelay + drainTimeout + drainGrace, undefined, { ref: false });
    await Promise.race([this.#process.plane.drain().catch(() => {}), this.#process.exited, limit]);
    await Promise.all([closing, this.stop()]);
  }

  /** Ends the data process without regard to requests in flight. */
  async stop(): Promise<void> {
    this.#endAs("stopped");
    this.#process.hangUp();
    const limit = delay(exitGrace, undefined, { ref: false }).then(() => this.#process.kill());
    await Promise.race([this.#process.exited, limit]);
    this.#release();
  }

  /** Ends the data process this instant. */
  kill(): void {
    this.#endAs("stopped");
    this.#process.kill();
    this.#release();
  }

  get #isEnding(): boolean {
    return this.#state === "draining" || this.#state === "stopped";
  }

  #endAs(state: "draining" | "stopped"): void {
    this.#state = state;
    this.#quarantine.close();
  }

  #release(): void {
    this.#processes.close();
    this.#listeners.close();
  }

  /**
   * A data process that cannot start is not asked: the new config may be what it needs.
   *
   * @returns whether the data process has loaded all of it
   */
  async #hand(
    config: Config,
    bundle: PolicyBundle | null,
    added: AddedListeners,
    isAgain: boolean,
  ): Promise<boolean> {
    if (this.#state === "serving") {
      this.#process.demand(config);
      added.sendTo(this.#process);
      const marked = this.#quarantine.mark(bundle, config);
      await this.#call(bundle, isAgain, () =>
        this.#process.plane.apply(this.#discovered.fill(config), marked),
      );
      return marked === bundle;
    }
    // It may have come to that while sockets were bound.
    if (this.#isEnding) throw new Error(isEnding);
    if (this.#failedStarts < failuresToGiveUp) {
      await this.#process.exited;
      throw new ProcessLost(false);
    }
    return false;
  }

  /** Before the data process closes its own: what the kernel still queued then would be reset. */
  async #closeListenersAfter(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { ref: false });
    this.#listeners.close();
  }

  #replace(): void {
    this.#processes.replace();
    this.#listeners.sendTo(this.#process);
  }

  async #keepRunning(): Promise<void> {
    let last: DataExit | null = null;
    for (;;) {
      const exit: DataExit = await this.#process.exited;
      if (this.#isEnding) return;
      this.#state = "starting";
      // The same one again: none could be started in its place.
      if (exit !== last) this.#blame(exit);
      last = exit;
      await this.#turns.run(() => this.#restart(exit));
    }
  }

  async #restart(exit: DataExit): Promise<void> {
    const now = Date.now();
    this.#restarts++;
    this.#crashes = [...this.#crashes, now].slice(-crashesRemembered);
    const wait = restartDelay(this.#crashes, now);
    this.#log?.error({ ...describeExit(exit), restartInMs: wait }, "Data process ended, starting another");
    if (wait > 0) await delay(wait);
    if (this.#state !== "starting") return;
    try {
      this.#replace();
      const bundle = this.#quarantine.mark(this.#bundle, this.#config);
      await this.#startPlane(this.#config, bundle, this.#wasStartLost);
      this.#becomeServing(now);
      this.#learn();
      if (bundle === this.#bundle) this.onLoaded();
    } catch (error) {
      this.#failedStarts++;
      this.#wasStartLost = error instanceof ProcessLost;
      // A plugin that does not load any more keeps its own policies out of service, not the whole proxy.
      if (error instanceof PlaneError && error.plugin !== null) this.#quarantine.ban(error.plugin);
      this.#log?.error({ err: error }, "Cannot start the data process");
      this.#process.kill();
    }
  }

  #becomeServing(crashedAt: number): void {
    this.#failedStarts = 0;
    this.#wasStartLost = false;
    if (this.#state === "starting") {
      this.#state = "serving";
      this.#log?.info(
        { pid: this.#process.pid, downMs: Date.now() - crashedAt },
        "Data process serves again",
      );
    }
  }

  /** Who loads a plugin tells what comes of it; but a guest is made anew in service, too. */
  #blame(exit: DataExit): void {
    const { inside } = exit;
    if (inside === null) return;
    const isTold = this.#loadingCalls > 0 || this.#failedStarts > 0;
    if (inside.isLoading && (isTold || wasKilled(exit))) return;
    this.#quarantine.strike(inside.plugin, inside.version);
    this.onPluginStrike(inside.plugin, inside.version);
  }
}

/** Whether it is into a guest of this code, and not of code that this replaces. */
function isOf(bundle: PolicyBundle | null, { plugin, version }: Entry): boolean {
  return bundle?.plugins.some(({ name, hash }) => name === plugin && versionOf(hash) === version) === true;
}

function describeExit({ inside, ...exit }: DataExit): object {
  return inside === null ? exit : { ...exit, plugin: inside.plugin };
}
