import type { Address, Config, EndpointConfig } from "../config/model.ts";
import type { MetricsSnapshot } from "../observe/metrics.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import type { PluginReport } from "../policy/plugin-status.ts";
import type { Discovered } from "../policy/policy-set.ts";
import type { PinnedValue } from "../store/kv/pinned-values.ts";
import type { Purge } from "../store/responses/purge-log.ts";
import type { ResponseStoreReport } from "../store/responses/response-store.ts";
import type { ClusterReport } from "../upstream/cluster-report.ts";

/** What a reactor tells of a plugin. */
export interface PluginTotals extends PluginReport {
  /** Faults by cause since the reactor started: `faults` begins anew with each generation. */
  readonly faultsTotal: Readonly<Record<string, number>>;
}

export interface ListenerAddress {
  readonly name: string;
  /** The address it really has: the port is never 0. */
  readonly address: Address;
}

export interface PlaneReport {
  /** One for each reactor. */
  readonly snapshots: readonly MetricsSnapshot[];
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** One list for each reactor. */
  readonly plugins: readonly (readonly PluginTotals[])[];
  /** One list for each reactor, that of the one that checks endpoints for all first. */
  readonly clusters: readonly (readonly ClusterReport[])[];
  /** One for each reactor. */
  readonly caches: readonly ResponseStoreReport[];
}

/** What to purge of the stored responses. */
export interface PurgeRequest {
  readonly purge: Purge;
  /** Whether they are to be marked as stale, instead of taken away. */
  readonly soft: boolean;
}

export interface PurgeResult {
  /** How many responses there were in this process. */
  readonly count: number;
  /** Whether those that machines share know of it: false: not yet. Null: there are none. */
  readonly isShared: boolean | null;
}

/** What was found out about a cluster with discovery. */
export interface EndpointChange {
  readonly cluster: string;
  /** All of them. */
  readonly endpoints: readonly EndpointConfig[];
}

/**
 * A data plane, wherever it runs: in this thread, in several threads, or in another process.
 * Config is plain JSON and so are the answers, so each of these looks the same from outside.
 */
export interface DataPlane {
  /**
   * Listens and serves.
   *
   * @throws when a plugin cannot be loaded or a listener cannot bind; nothing is bound then.
   */
  start(config: Config, bundle?: PolicyBundle | null): Promise<readonly ListenerAddress[]>;
  /**
   * Goes over to another config: requests in flight finish on the old one, listeners that
   * did not change stay as they are.
   *
   * @throws when the config cannot be applied; the old one stays in force then.
   */
  apply(config: Config, bundle?: PolicyBundle | null): Promise<readonly ListenerAddress[]>;
  /** A cluster has other endpoints from now on. One that there is not, or no more, is none of its business. */
  setEndpoints(change: EndpointChange): Promise<void>;
  /** Puts values of the operator into the `kv` of plugins, before `start` as well. */
  pin(values: readonly PinnedValue[]): Promise<void>;
  /**
   * Asks a plugin for the endpoints of a cluster. They are told by `setEndpoints` when they were checked.
   *
   * @throws when it fails, takes too long or is out of service
   */
  discover(cluster: string): Promise<Discovered>;
  /** Purges stored responses, of all plugins. */
  purge(request: PurgeRequest): Promise<PurgeResult>;
  report(): Promise<PlaneReport>;
  /** Finishes what is in flight, within the config's `drainDelay` and `drainTimeout`. */
  drain(): Promise<void>;
}
