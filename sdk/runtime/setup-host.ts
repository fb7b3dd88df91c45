import { type Counters, counters } from "./counters.ts";
import { type KeyValueStore, kv } from "./kv.ts";
import { type Logger, log } from "./log.ts";
import { type PhaseName, type PolicySetup, phaseNames } from "./message.ts";
import { type Metrics, metrics } from "./metrics.ts";
import { type SharedStore, sharedStore } from "./shared-store.ts";

/** What there is where no request is. */
export interface PluginHost {
  readonly name: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly kv: KeyValueStore;
  readonly counters: Counters;
  store(name: string): SharedStore;
  /** @throws TypeError when the variable is not among the plugin's capabilities */
  env(name: string): string | undefined;
}

/** What `setup` gets beside its config. */
export interface SetupHost extends PluginHost {
  /** @throws TypeError for what is no handler of messages */
  skip(...handlers: PhaseName[]): void;
}

/** @param skipped gets the handlers that this config has no use for */
export function setupHost(setup: PolicySetup, skipped: Set<PhaseName>): SetupHost {
  return {
    ...pluginHost(setup),
    skip(...handlers) {
      for (const handler of handlers) {
        if (!phaseNames.includes(handler))
          throw new TypeError(`Cannot skip ${String(handler)}: expected one of ${phaseNames.join(", ")}`);
        skipped.add(handler);
      }
    },
  };
}

export function pluginHost(setup: PolicySetup): PluginHost {
  const variables = new Map(Object.entries(setup.env));
  return {
    name: setup.name,
    log,
    metrics,
    kv,
    counters,
    store: sharedStore,
    env(name) {
      if (setup.envNames.includes(name)) return variables.get(name);
      throw new TypeError(`Cannot read ${String(name)}: it is not among the plugin's capabilities.env`);
    },
  };
}
