import type { Config } from "../../config/model.ts";
import type { PluginCode, PolicyBundle, QuarantinedPlugin } from "../../policy/bundle.ts";
import type { PluginReport } from "../../policy/plugin-status.ts";
import { Strikes } from "./strikes.ts";

/** What is known of a plugin that nobody has asked yet: it may be there for anything, so all is closed. */
const unknownPlugin: QuarantinedPlugin = { phases: ["onRequest"], onFailure: "closed" };

/** Plugins that have ended the data process, and what their policies answer while they are not run. */
export class PluginBans {
  readonly #strikes = new Strikes();
  readonly #known = new Map<string, QuarantinedPlugin>();

  /** Keeps what a plugin says of itself for the time when it is not asked. */
  learn(reports: readonly PluginReport[]): void {
    for (const { name, phases, onFailure } of reports) {
      if (onFailure !== null) this.#known.set(name, { phases, onFailure });
    }
  }

  /** Returns whether the plugin is out of service now. */
  strike(plugin: string, bundle: PolicyBundle | null): boolean {
    const hash = hashOf(plugin, bundle);
    return hash !== null && this.#strikes.add(plugin, hash, performance.now());
  }

  ban(plugin: string, bundle: PolicyBundle | null): void {
    const hash = hashOf(plugin, bundle);
    if (hash !== null) this.#strikes.ban(plugin, hash, performance.now());
  }

  /** Plugins that are out of service, with the end of that in ms since 1970. */
  list(bundle: PolicyBundle | null): ReadonlyMap<string, number> {
    const now = performance.now();
    const list = new Map<string, number>();
    for (const { name, hash } of bundle?.plugins ?? []) {
      const until = this.#strikes.bannedUntil(name, hash, now);
      if (until !== null) list.set(name, Math.ceil(Date.now() + until - now));
    }
    return list;
  }

  /** The bundle as the data process is to have it. */
  mark(bundle: PolicyBundle | null, config: Config): PolicyBundle | null {
    const banned = this.list(bundle);
    if (bundle === null || banned.size === 0) return bundle;
    const plugins = bundle.plugins.map((code) =>
      banned.has(code.name) ? this.#quarantined(code, config) : code,
    );
    return { ...bundle, plugins };
  }

  forgetOthers(bundle: PolicyBundle | null): void {
    const names = new Set(bundle?.plugins.map(({ name }) => name));
    this.#strikes.keep(names);
    for (const name of [...this.#known.keys()]) if (!names.has(name)) this.#known.delete(name);
  }

  #quarantined(code: PluginCode, config: Config): PluginCode {
    const { phases, onFailure } = this.#known.get(code.name) ?? unknownPlugin;
    const decided = config.plugins.settings[code.name]?.onFailure ?? onFailure;
    return { ...code, quarantined: { phases, onFailure: decided } };
  }
}

function hashOf(plugin: string, bundle: PolicyBundle | null): string | null {
  return bundle?.plugins.find(({ name }) => name === plugin)?.hash ?? null;
}
