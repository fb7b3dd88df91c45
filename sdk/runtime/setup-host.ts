import { type Counters, counters } from "./counters.ts";
import { type KeyValueStore, kv } from "./kv.ts";
import { type Logger, log } from "./log.ts";
import type { PolicySetup } from "./message.ts";
import { type Metrics, metrics } from "./metrics.ts";

/** What `setup` gets beside its config. */
export interface SetupHost {
  readonly name: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly kv: KeyValueStore;
  readonly counters: Counters;
  /** @throws TypeError when the variable is not among the plugin's capabilities */
  env(name: string): string | undefined;
}

export function setupHost(setup: PolicySetup): SetupHost {
  const variables = new Map(Object.entries(setup.env));
  return {
    name: setup.name,
    log,
    metrics,
    kv,
    counters,
    env(name) {
      if (setup.envNames.includes(name)) return variables.get(name);
      throw new TypeError(`Cannot read ${String(name)}: it is not among the plugin's capabilities.env`);
    },
  };
}
