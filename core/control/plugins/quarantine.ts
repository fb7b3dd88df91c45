import type { Config } from "../../config/model.ts";
import type { Logger } from "../../observe/log.ts";
import type { PluginCode, PolicyBundle, QuarantinedPlugin } from "../../policy/bundle.ts";
import type { PluginReport } from "../../policy/plugin-status.ts";
import { Strikes } from "./strikes.ts";

/** What is known of a plugin that nobody has asked yet: it may be there for anything, so all is closed. */
const unknownPlugin: QuarantinedPlugin = { phases: ["onRequest"], onFailure: "closed" };

/** So much after its end a ban is over for sure, in ms. */
const liftGrace = 10;

export interface QuarantineOptions {
  readonly log: () => Logger | null;
  /** The plugins in force; null: there are none. */
  readonly bundle: () => PolicyBundle | null;
  /** Called when a plugin may be let in again: puts in force what `mark` gives then. */
  readonly lift: () => Promise<void>;
}

/** Plugins that have ended the data process, and what their policies answer while they are not run. */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #strikes = new Strikes();
  readonly #known = new Map<string, QuarantinedPlugin>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** Keeps what a plugin says of itself for the time when it is not asked. */
  learn(reports: readonly PluginReport[]): void {
    for (const { name, phases, onFailure } of reports) {
      if (onFailure !== null) this.#known.set(name, { phases, onFailure });
    }
  }

  /** It has ended the data process; who does so again and again is taken out of service. */
  strike(plugin: string): void {
    const hash = this.#hashOf(plugin);
    if (hash !== null && this.#strikes.add(plugin, hash, performance.now())) this.#tell(plugin);
  }

  /** Out of service at once. */
  ban(plugin: string): void {
    const hash = this.#hashOf(plugin);
    if (hash === null) return;
    this.#strikes.ban(plugin, hash, performance.now());
    this.#tell(plugin);
  }

  /** Plugins in force that are out of service, with the end of that in ms since 1970. */
  list(): ReadonlyMap<string, number> {
    return this.#listIn(this.#options.bundle());
  }

  /** The bundle as the data process is to have it. */
  mark(bundle: PolicyBundle | null, config: Config): PolicyBundle | null {
    const banned = this.#listIn(bundle);
    if (bundle === null || banned.size === 0) return bundle;
    const plugins = bundle.plugins.map((code) =>
      banned.has(code.name) ? this.#quarantined(code, config) : code,
    );
    return { ...bundle, plugins };
  }

  /** Forgets plugins that are not in force any more. */
  forgetOthers(): void {
    const names = new Set(this.#options.bundle()?.plugins.map(({ name }) => name));
    this.#strikes.keep(names);
    for (const name of [...this.#known.keys()]) if (!names.has(name)) this.#known.delete(name);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #listIn(bundle: PolicyBundle | null): ReadonlyMap<string, number> {
    const now = performance.now();
    const list = new Map<string, number>();
    for (const { name, hash } of bundle?.plugins ?? []) {
      const until = this.#strikes.bannedUntil(name, hash, now);
      if (until !== null) list.set(name, Math.ceil(Date.now() + until - now));
    }
    return list;
  }

  #tell(plugin: string): void {
    const until = this.list().get(plugin);
    if (until === undefined) return;
    const retryInMs = until - Date.now();
    this.#options
      .log()
      ?.error({ plugin, retryInMs }, "Plugin quarantined: its policies answer as their onFailure says");
    this.#planLift();
  }

  #planLift(): void {
    const ends = [...this.list().values()];
    clearTimeout(this.#timer);
    if (ends.length === 0 || this.#isClosed) return;
    const soonest = Math.max(0, Math.min(...ends) - Date.now());
    this.#timer = setTimeout(() => void this.#lift(), soonest + liftGrace).unref();
  }

  async #lift(): Promise<void> {
    try {
      await this.#options.lift();
      this.#options.log()?.info({}, "Quarantine is over, the plugin is tried again");
    } catch (error) {
      this.#options.log()?.error({ err: error }, "Cannot let a quarantined plugin in again");
    }
    this.#planLift();
  }

  #hashOf(plugin: string): string | null {
    return this.#options.bundle()?.plugins.find(({ name }) => name === plugin)?.hash ?? null;
  }

  #quarantined(code: PluginCode, config: Config): PluginCode {
    const { phases, onFailure } = this.#known.get(code.name) ?? unknownPlugin;
    const decided = config.plugins.settings[code.name]?.onFailure ?? onFailure;
    return { ...code, quarantined: { phases, onFailure: decided } };
  }
}
