/**
 * The endpoints of clusters with discovery: watched here, where the credentials are, and told to the data process. What
 * plugins find is asked of that process, and checked here like the rest.
 */
import { isDeepStrictEqual } from "node:util";
import { formatHost } from "../../config/address.ts";
import type { ClusterConfig, Config, EndpointConfig } from "../../config/model.ts";
import type { DiscoveredEndpoint, DiscoveryConfig } from "../../config/traffic-model.ts";
import type { EndpointChange } from "../../data/plane.ts";
import type { SourceConfig } from "../../discovery/create-source.ts";
import type { PluginAnswer } from "../../discovery/plugin-answer.ts";
import type { DiscoveryListener, DiscoverySource } from "../../discovery/source.ts";
import type { Logger } from "../../observe/log.ts";
import type { PluginSource } from "./plugin-source.ts";

interface Watched {
  readonly config: DiscoveryConfig;
  readonly isSecure: boolean;
  readonly watch: Watch;
  /** Resolves with the first set of endpoints. */
  readonly found: Promise<void>;
}

interface Watch {
  close(): void;
  /** Of a plugin. */
  askAgain?(): void;
}

export interface DiscoveriesOptions {
  readonly log: Logger;
  /** Has the plugin of a cluster asked for its endpoints. */
  readonly ask: (cluster: string) => Promise<PluginAnswer>;
  readonly onChange: (change: EndpointChange) => void;
}

export class Discoveries {
  readonly #options: DiscoveriesOptions;
  readonly #watched = new Map<string, Watched>();
  #servesPlugins = false;

  constructor(options: DiscoveriesOptions) {
    this.#options = options;
  }

  /**
   * Watches what the config names, from now on; what did not change is watched on. Plugins are not asked before
   * `onGeneration`.
   */
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
      const { name, discovery } = cluster;
      if (discovery === null || this.#watched.has(name)) continue;
      if (this.#servesPlugins || discovery.kind !== "plugin") this.#begin(cluster, discovery);
    }
  }

  /** A config, with plugins or without, is in force: those that find endpoints are asked at once. */
  onGeneration(config: Config): void {
    const before = new Set(this.#watched.values());
    this.#servesPlugins = true;
    this.follow(config);
    for (const watched of this.#watched.values()) if (before.has(watched)) watched.watch.askAgain?.();
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
    const { log, onChange, ask } = this.#options;
    const isSecure = tls !== null;
    const first = Promise.withResolvers<void>();
    const watch = watchLater(config, isSecure, () => ask(name), {
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
function watchLater(
  config: DiscoveryConfig,
  secure: boolean,
  ask: () => Promise<PluginAnswer>,
  listener: DiscoveryListener,
): Watch {
  let watch: { close(): void } | null = null;
  let source: PluginSource | null = null;
  let isClosed = false;
  const begin = async () => {
    const { describe } = await import("../../discovery/describe.ts");
    const { watchDiscovery } = await import("../../discovery/watch-discovery.ts");
    if (config.kind === "plugin") source = (await import("./plugin-source.ts")).pluginSource(config, ask);
    const found = source ?? (await createSourceOf(config as SourceConfig, secure));
    if (!isClosed) watch = watchDiscovery(describe(config), found, listener);
  };
  void begin();
  return {
    close() {
      isClosed = true;
      watch?.close();
    },
    askAgain: () => source?.askAgain(),
  };
}

async function createSourceOf(config: SourceConfig, secure: boolean): Promise<DiscoverySource> {
  const { createSource } = await import("../../discovery/create-source.ts");
  return createSource(config, { secure });
}

function toEndpoint({ host, port, weight, zone, priority }: DiscoveredEndpoint): EndpointConfig {
  return { address: { host, port }, weight, zone, priority, authority: `${formatHost(host)}:${port}` };
}
