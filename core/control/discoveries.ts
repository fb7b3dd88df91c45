/** The endpoints of clusters with discovery: watched here, where the credentials are, and told to the data process. */
import { isDeepStrictEqual } from "node:util";
import { formatHost } from "../config/address.ts";
import type { ClusterConfig, Config, EndpointConfig } from "../config/model.ts";
import type { DiscoveredEndpoint, DiscoveryConfig } from "../config/traffic-model.ts";
import type { EndpointChange } from "../data/plane.ts";
import type { SourceConfig } from "../discovery/create-source.ts";
import type { DiscoveryListener } from "../discovery/source.ts";
import type { Logger } from "../observe/log.ts";

interface Watched {
  readonly config: DiscoveryConfig;
  readonly isSecure: boolean;
  readonly watch: { close(): void };
  /** Resolves with the first set of endpoints. */
  readonly found: Promise<void>;
}

export interface DiscoveriesOptions {
  readonly log: Logger;
  readonly onChange: (change: EndpointChange) => void;
}

export class Discoveries {
  readonly #options: DiscoveriesOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: DiscoveriesOptions) {
    this.#options = options;
  }

  /** Watches what the config names, from now on; what did not change is watched on. */
  follow({ clusters }: Config): void {
    for (const [name, { config, isSecure }] of this.#watched) {
      const cluster = clusters.find((candidate) => candidate.name === name);
      const isSame =
        cluster !== undefined &&
        isDeepStrictEqual(cluster.discovery, config) &&
        (cluster.tls !== null) === isSecure;
      if (!isSame) this.#forget(name);
    }
    for (const cluster of clusters) {
      if (cluster.discovery !== null && !this.#watched.has(cluster.name))
        this.#begin(cluster, cluster.discovery);
    }
  }

  /** Resolves when each source has found something, or after so many ms. */
  async settle(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([Promise.all([...this.#watched.values()].map(({ found }) => found)), late]);
    clearTimeout(timer);
  }

  close(): void {
    for (const name of [...this.#watched.keys()]) this.#forget(name);
  }

  #begin({ name, tls }: ClusterConfig, config: DiscoveryConfig): void {
    const { log, onChange } = this.#options;
    const isSecure = tls !== null;
    const first = Promise.withResolvers<void>();
    const watch = watchLater(config as SourceConfig, isSecure, {
      onEndpoints(list) {
        log.info({ cluster: name, endpoints: list.length }, "Endpoints were discovered");
        onChange({ cluster: name, endpoints: list.map(toEndpoint) });
        first.resolve();
      },
      onProblem: (message) => log.warn({ cluster: name }, message),
      onRecovery: (message) => log.info({ cluster: name }, message),
    });
    this.#watched.set(name, { config, isSecure, watch, found: first.promise });
  }

  #forget(name: string): void {
    this.#watched.get(name)?.watch.close();
    this.#watched.delete(name);
  }
}

/** The sources are loaded by those who have one: their HTTP client takes longer than the rest of a start. */
function watchLater(config: SourceConfig, secure: boolean, listener: DiscoveryListener): { close(): void } {
  let watch: { close(): void } | null = null;
  let isClosed = false;
  void Promise.all([
    import("../discovery/create-source.ts"),
    import("../discovery/describe.ts"),
    import("../discovery/watch-discovery.ts"),
  ]).then(([{ createSource }, { describe }, { watchDiscovery }]) => {
    if (!isClosed) watch = watchDiscovery(describe(config), createSource(config, { secure }), listener);
  });
  return {
    close() {
      isClosed = true;
      watch?.close();
    },
  };
}

function toEndpoint({ host, port, weight, zone, priority }: DiscoveredEndpoint): EndpointConfig {
  return { address: { host, port }, weight, zone, priority, authority: `${formatHost(host)}:${port}` };
}
