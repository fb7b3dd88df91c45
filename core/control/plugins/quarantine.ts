import type { Config } from "../../config/model.ts";
import { PlaneError } from "../../data/calls.ts";
import type { Logger } from "../../observe/log.ts";
import {
  type PluginCode,
  type PolicyBundle,
  type QuarantinedPlugin,
  versionOf,
} from "../../policy/bundle.ts";
import type { PluginReport } from "../../policy/plugin-status.ts";
import { Strikes } from "./strikes.ts";

/** What is known of a plugin that nobody has asked yet: it may be there for anything, so all is closed. */
const unknownPlugin: QuarantinedPlugin = { phases: ["onRequest"], onFailure: "closed" };

/** So much after its end a ban is over for sure, in ms. */
const liftGrace = 10;

/** Until another try when a plugin could not be let in again by no fault of any plugin, in ms: a relapse is told from the end of a ban. */
const nextTry = 30_000;

export interface QuarantineOptions {
  readonly log: () => Logger | null;
  /** The plugins in force; null: there are none. */
  readonly bundle: () => PolicyBundle | null;
  /** Called when a plugin may be let in again: puts in force what `mark` gives then. */
  readonly lift: () => Promise<void>;
  /** Absent: those of a service. In ms. */
  readonly times?: { readonly firstBan: number; readonly nextTry: number };
}

/** Plugins that have ended the data process, and what their policies answer while they are not run. */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #strikes: Strikes;
  readonly #known = new Map<string, QuarantinedPlugin>();
  /** Those that were taken out of service and not let in again yet, with the hash of their code. */
  readonly #out = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: QuarantineOptions) {
    this.#options = options;
    this.#strikes = new Strikes(options.times?.firstBan);
  }

  /** Keeps what a plugin says of itself for the time when it is not asked. */
  learn(reports: readonly PluginReport[]): void {
    for (const { name, phases, onFailure } of reports) {
      if (onFailure !== null) this.#known.set(name, { phases, onFailure });
    }
  }

  /** It has ended the data process; who does so again and again is taken out of service. Code that was replaced is so already. */
  strike(plugin: string, version: string): void {
    const hash = this.#hashOf(plugin);
    if (hash !== null && versionOf(hash) === version && this.#strikes.add(plugin, hash, performance.now()))
      this.#tell(plugin, hash);
  }

  /** Out of service at once. */
  ban(plugin: string): void {
    const hash = this.#hashOf(plugin);
    if (hash === null) return;
    this.#strikes.ban(plugin, hash, performance.now());
    this.#tell(plugin, hash);
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

  #tell(plugin: string, hash: string): void {
    const until = this.list().get(plugin);
    if (until === undefined) return;
    this.#out.set(plugin, hash);
    const retryInMs = until - Date.now();
    this.#options
      .log()
      ?.error({ plugin, retryInMs }, "Plugin quarantined: its policies answer as their onFailure says");
    this.#planLift();
  }

  /** @param latest in ms from now on; for those whose ban is over */
  #planLift(latest = Number.POSITIVE_INFINITY): void {
    const now = Date.now();
    const soonest = Math.min(latest, ...[...this.list().values()].map((until) => Math.max(0, until - now)));
    clearTimeout(this.#timer);
    if (soonest === Number.POSITIVE_INFINITY || this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#lift(), soonest + liftGrace).unref();
  }

  async #lift(): Promise<void> {
    const due = this.#due();
    if (due.size === 0) {
      this.#planLift();
      return;
    }
    try {
      await this.#options.lift();
      for (const plugin of due) this.#out.delete(plugin);
      this.#options.log()?.info({}, "Quarantine is over, the plugin is tried again");
      this.#planLift();
    } catch (error) {
      if (!this.#isClosed) this.#onRefused(error, due);
    }
  }

  /** Those whose time is over; code that was replaced meanwhile is not tried again. */
  #due(): Set<string> {
    const now = performance.now();
    const due = new Set<string>();
    for (const [plugin, hash] of this.#out) {
      if (this.#strikes.bannedUntil(plugin, hash, now) !== null) continue;
      if (this.#hashOf(plugin) === hash) due.add(plugin);
      else this.#out.delete(plugin);
    }
    return due;
  }

  /** A plugin that does not load does not keep others out. */
  #onRefused(error: unknown, due: Set<string>): void {
    this.#options.log()?.error({ err: error }, "Cannot let a quarantined plugin in again");
    const culprit = error instanceof PlaneError ? error.plugin : null;
    if (culprit !== null && due.delete(culprit)) {
      this.ban(culprit);
      if (due.size > 0) this.#planLift(0);
    } else this.#planLift(this.#options.times?.nextTry ?? nextTry);
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
