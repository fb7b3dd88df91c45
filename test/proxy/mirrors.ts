/** A gateway whose only route has mirrors. */
import type { Test } from "tap";
import type { Address, ClusterConfig } from "../../core/config/model.ts";
import { defaultMirror } from "../../core/config/traffic-defaults.ts";
import type { MirrorConfig } from "../../core/config/traffic-model.ts";
import type { MirrorTotals } from "../../core/observe/mirror-metrics.ts";
import {
  type GatewaySettings,
  type PluginParts,
  startGateway,
  type TestGateway,
} from "../support/gateway.ts";
import { endpointsOf } from "../upstream/endpoints.ts";

export interface Mirrored extends TestGateway {
  /** What was counted of the first mirror. */
  counted(): Pick<MirrorTotals, "sent" | "dropped" | "failed">;
  /** Open connections to the endpoints of the first mirror, and those of them that are idle. */
  connections(): { readonly open: number; readonly idle: number };
}

/** What differs from a mirror's defaults, and from a cluster's. */
export type MirrorSettings = Partial<MirrorConfig> & { readonly of?: Partial<ClusterConfig> };

/** Another cluster for each mirror, named `mirror-0`, `mirror-1` and so on. */
export function withMirrors(
  config: Parameters<PluginParts["change"]>[0],
  mirrors: readonly (readonly [readonly Address[], MirrorSettings?])[],
): ReturnType<PluginParts["change"]> {
  const [main] = config.clusters;
  const clusters = mirrors.map(([addresses, { of } = {}], index) => ({
    ...main!,
    ...of,
    name: `mirror-${index}`,
    endpoints: endpointsOf(...addresses.map((address) => [address, {}] as const)),
  }));
  const mirror = mirrors.map(([, { of: _, ...settings } = {}], index) => {
    return { cluster: `mirror-${index}`, ...defaultMirror, ...settings };
  });
  return {
    ...config,
    clusters: [...config.clusters, ...clusters],
    routes: config.routes.map((route) => ({ ...route, mirror })),
  };
}

/** Runs a gateway whose requests are copied to other endpoints, until the test ends. */
export async function startMirrored(
  t: Test,
  main: Address | readonly Address[],
  copies: Address | readonly Address[],
  settings: MirrorSettings = {},
  others: GatewaySettings = {},
): Promise<Mirrored> {
  const addresses = Array.isArray(copies) ? copies : [copies as Address];
  const gateway = await startGateway(t, main, others, {
    change: (config) => withMirrors(config, [[addresses, settings]]),
  });
  return {
    ...gateway,
    counted() {
      const { sent, dropped, failed } = gateway.metrics.snapshot().mirrors[0]!;
      return { sent, dropped, failed };
    },
    connections() {
      const totals = gateway.metrics.snapshot().clusters.find(({ cluster }) => cluster === "mirror-0")!;
      return { open: totals.connections, idle: totals.idle };
    },
  };
}
