import type { StoreConfig } from "../config/store-model.ts";
import { PluginMetrics } from "../observe/plugin-metrics.ts";
import type { PluginMetricSink, SharedServices } from "../policy/guest/services.ts";
import { systemClock } from "../sandbox/host/basic.ts";
import { PinnedValues } from "../store/kv/pinned-values.ts";
import type { RemoteStores } from "../store/remote-stores.ts";
import { memoryStores, sharedStores } from "../store/stores.ts";

/**
 * What the guests of one reactor share.
 *
 * @param metrics takes what plugins count
 * @param memory of the store that all reactors share; null: this one is alone, and a Map costs less
 * @param remotes stores that other machines use, too; null: there are none
 */
export function sharedServices(
  metrics: PluginMetricSink = new PluginMetrics(),
  memory: SharedArrayBuffer | null = null,
  remotes: RemoteStores<StoreConfig> | null = null,
): SharedServices & { readonly pinned: PinnedValues } {
  return {
    pinned: new PinnedValues(),
    ...(remotes !== null && { remotes }),
    clock: systemClock,
    ...(memory === null ? memoryStores() : sharedStores(memory)),
    environment: (names) =>
      Object.fromEntries(
        names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
    outbound: null,
    metrics,
  };
}
