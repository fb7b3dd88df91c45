import { parseAddress } from "./address.ts";
import {
  defaultAccessLog,
  defaultAdminAddress,
  defaultCacheStore,
  defaultForwarding,
  defaultLimits,
  defaultListener,
  defaultLog,
  defaultPlugins,
  defaultTimeouts,
  defaultWorkers,
} from "./defaults.ts";
import type { Config } from "./model.ts";
import { applyOverrides, type Overrides } from "./overrides.ts";
import { defaultVia } from "./via.ts";

/**
 * The configuration of a run without a file. Neither the YAML parser nor the schema is loaded for it,
 * which is most of the time that a start would otherwise take.
 *
 * @throws OverrideError when the overrides contradict each other.
 */
export function configFromFlags(overrides: Overrides): Config {
  return applyOverrides(baseConfig(), overrides);
}

function baseConfig(): Config {
  return {
    listeners: [
      {
        name: defaultListener.address,
        address: parseAddress(defaultListener.address)!,
        tls: null,
        maxConnections: defaultListener.maxConnections,
      },
    ],
    clusters: [],
    routes: [],
    limits: defaultLimits,
    timeouts: defaultTimeouts,
    forwarding: { ...defaultForwarding, via: defaultVia },
    shedding: null,
    admin: parseAddress(defaultAdminAddress),
    accessLog: defaultAccessLog,
    log: defaultLog,
    workers: defaultWorkers,
    plugins: defaultPlugins,
    cache: defaultCacheStore,
    stores: [],
  };
}
