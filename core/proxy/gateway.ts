/** One data plane: listeners, connections and the generation they serve. */

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Address, Config, EndpointConfig } from "../config/model.ts";
import type { StoreConfig } from "../config/store-model.ts";
import type { ProxyError } from "../errors.ts";
import { Reactor } from "../net/reactor.ts";
import type { Timers } from "../net/timers.ts";
import type { AccessLog } from "../observe/access-log.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import { type Discovered, type PolicyEnvironment, PolicySet } from "../policy/policy-set.ts";
import { RetiredPlugins } from "../policy/retired-plugins.ts";
import type { RemoteStores } from "../store/remote-stores.ts";
import { type UpstreamMemory, type UpstreamServices, upstreamServices } from "../upstream/services.ts";
import type { ClientSide } from "../wire/forward/client-side.ts";
import { accessRecord, refusalRecord } from "./access-record.ts";
import { AbsentClient } from "./client/absent-client.ts";
import { DownstreamConnection } from "./client/connection.ts";
import { closeClusters, clustersFor } from "./clusters.ts";
import { type EntranceServices, Entrances, type OpenEntrances } from "./entrances.ts";
import type { Exchange } from "./exchange.ts";
import { Generation } from "./generation.ts";
import { Shedding } from "./shedding.ts";

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Null: requests are not logged. */
  readonly accessLog: AccessLog | null;
  readonly metrics: Metrics;
  /** Null: there are no plugins. */
  readonly bundle?: PolicyBundle | null;
  readonly policyServices?: PolicyServices;
  /** Opens a listener; see `listen` in core/net/listener.ts. */
  readonly listen: EntranceServices["listen"];
  /** In the place of connections over the network to endpoints. */
  readonly connect?: Reactor["connect"];
  /** In the place of real time for what guests may take. */
  readonly guestTimers?: Timers;
  /** What all reactors know of endpoints and clusters; absent: this one is alone. */
  readonly upstreamMemory?: UpstreamMemory | null;
  /** Whether this reactor checks endpoints for all. Absent: yes. */
  readonly leads?: boolean;
}

/** What policies need besides the reactor that they run on. */
export type PolicyServices = Omit<PolicyEnvironment, "reactor">;

/** Time for the other reactors, told to drain in the same moment, to close their listeners too, in ms. */
const closingTime = 100;

/** Time for what plugins have begun, where everything else ends at once, in ms. */
const workTime = 250;

export class Gateway {
  readonly reactor: Reactor;
  readonly upstream: UpstreamServices;
  generation: Generation;
  readonly shedding: Shedding;
  isDraining = false;
  private readonly options: GatewayOptions;
  private readonly entrances: Entrances;
  private readonly retired = new RetiredPlugins();
  /** Each of them holds its generation. */
  private readonly discovering = new Set<Promise<unknown>>();

  /** @throws TlsFileError when a certificate file of a cluster cannot be used */
  constructor(options: GatewayOptions) {
    this.options = options;
    const { metrics, log, connect, guestTimers } = options;
    this.reactor = new Reactor(metrics, log, connect, guestTimers);
    this.upstream = upstreamServices(this.reactor, options.upstreamMemory, options.leads);
    this.generation = this.createGeneration(options.config, null);
    this.shedding = new Shedding(options.config.shedding);
    this.entrances = new Entrances({
      ...options,
      serve: (socket, scheme) => new DownstreamConnection(this, socket, scheme),
      via: () => this.generation.config.forwarding.via,
    });
  }

  /**
   * Loads the plugins and opens the listeners.
   *
   * @throws PluginLoadError when a plugin cannot be used; nothing goes on in this gateway then
   */
  async start(): Promise<void> {
    const { config, bundle } = this.options;
    try {
      if (bundle) {
        const policies = await this.loadPolicies(config, bundle);
        this.generation = new Generation(config, this.generation.clusters, this.reactor, policies);
      }
      await this.entrances.replaceBy(await this.entrances.prepare(config.listeners));
    } catch (error) {
      this.abandon();
      throw error;
    }
    this.remotes?.commit();
  }

  addresses(): { name: string; address: Address }[] {
    return this.entrances.addresses();
  }

  /**
   * Replaces the config: all of it, or none when a listener or a certificate fails. Requests
   * in flight end on the old one; listeners and clusters that did not change go on as they are.
   */
  async apply(config: Config, bundle: PolicyBundle | null = null): Promise<void> {
    const policies = bundle === null ? PolicySet.none(config) : await this.loadPolicies(config, bundle);
    let entrances: OpenEntrances;
    let generation: Generation | null = null;
    try {
      generation = this.createGeneration(config, this.generation, policies);
      entrances = await this.entrances.prepare(config.listeners);
    } catch (error) {
      policies.dispose();
      this.remotes?.abort();
      if (generation !== null) closeClusters(generation.clusters, this.generation.clusters);
      throw error;
    }
    this.remotes?.commit();
    const previous = this.generation;
    this.generation = generation;
    this.shedding.change(config.shedding);
    previous.retire(this.retired);
    await this.entrances.replaceBy(entrances);
    closeClusters(previous.clusters, generation.clusters);
  }

  /** What discovery found: a cluster has other endpoints from now on, for requests of all generations. */
  setEndpoints(cluster: string, endpoints: readonly EndpointConfig[]): void {
    this.generation.clusters.get(cluster)?.setEndpoints(endpoints);
  }

  /** Asks a plugin for the endpoints of a cluster; see `PolicySet.discover`. Its generation lasts for as long as that takes. */
  async discover(cluster: string): Promise<Discovered> {
    const { generation } = this;
    generation.begin();
    const asked = generation.policies.discover(cluster);
    this.discovering.add(asked);
    try {
      return await asked;
    } finally {
      this.discovering.delete(asked);
      generation.end();
    }
  }

  /**
   * Stops as `drainDelay` and `drainTimeout` say; resolves when the last connection is closed, and what plugins have begun
   * is done.
   */
  async drain(): Promise<void> {
    const { timeouts, workers } = this.generation.config;
    const { drainDelay, drainTimeout } = timeouts;
    if (drainDelay > 0) await new Promise((resolve) => setTimeout(resolve, drainDelay));
    await this.entrances.acceptEstablished();
    await this.entrances.close();
    // A client that is told to go connects again at once: no reactor may be about to close then.
    if (workers > 1) await new Promise((resolve) => setTimeout(resolve, closingTime));
    this.isDraining = true;
    for (const connection of this.entrances.connections()) connection.leave();
    const end = performance.now() + drainTimeout;
    const left = () => Math.max(0, end - performance.now());
    await this.entrances.untilEmpty(left());
    await AbsentClient.untilNone(this, left());
    await this.close(Math.max(left(), workTime));
  }

  /** Ends everything at once; resolves when what plugins have begun is done, or `work` ms are over. */
  async close(work = workTime): Promise<void> {
    // Nobody takes the place of a client from here on.
    this.isDraining = true;
    void this.entrances.close();
    for (const connection of [...this.entrances.connections()]) connection.destroy();
    AbsentClient.endAll(this);
    this.closeUpstream();
    this.generation.retire(this.retired);
    if (this.discovering.size > 0)
      await Promise.race([Promise.allSettled(this.discovering), sleep(workTime)]);
    await this.retired.settle(work);
    this.remotes?.close();
  }

  /** It never served. The stores behind it are for the next one, too. */
  private abandon(): void {
    this.generation.policies.dispose();
    this.remotes?.abort();
    this.closeUpstream();
  }

  /** Ends what goes on without requests. */
  private closeUpstream(): void {
    for (const { mirrors } of this.generation.routes) mirrors?.forEach((mirror) => void mirror.close());
    for (const cluster of this.generation.clusters.values()) cluster.close();
    this.upstream.checker?.close();
    this.shedding.close();
  }

  // --- from connections

  onConnectionClosed(connection: DownstreamConnection): void {
    this.entrances.onConnectionClosed(connection);
  }

  onExchangeDone(exchange: Exchange, side: ClientSide): void {
    this.count(exchange, side);
    this.tellPolicies(exchange, side);
  }

  /** The client is gone; `tellPolicies` follows when the exchange is over. */
  onExchangeDetached(exchange: Exchange, side: ClientSide): void {
    this.count(exchange, side);
  }

  private count(exchange: Exchange, side: ClientSide): void {
    const { route, error, requestBody, status, bytesOut, method } = exchange;
    const { metrics, accessLog, log } = this.options;
    const duration = performance.now() - exchange.startedAt;
    const slot = route === null ? this.generation.unroutedSlot : route.metricsSlot;
    metrics.requestFinished(slot, method, status, duration, requestBody.length, bytesOut);
    if (error !== null && error.code === "internal") log.error({ err: error.cause }, error.message);
    if (accessLog !== null) accessLog.write(accessRecord(exchange, side, duration));
  }

  tellPolicies(exchange: Exchange, side: ClientSide): void {
    if (exchange.policies?.logs !== true) return;
    exchange.policies.log(accessRecord(exchange, side, performance.now() - exchange.startedAt));
  }

  /** Bytes that were no request. */
  onRefused(error: ProxyError, side: ClientSide): void {
    this.options.accessLog?.write(refusalRecord(error, side));
  }

  // --- parts

  private get remotes(): RemoteStores<StoreConfig> | undefined {
    return this.options.policyServices?.shared.remotes;
  }

  private async loadPolicies(config: Config, bundle: PolicyBundle): Promise<PolicySet> {
    const environment = {
      reactor: this.reactor,
      discovers: this.options.leads ?? true,
      ...this.options.policyServices!,
    };
    try {
      await this.remotes?.prepare(config.stores);
      return await PolicySet.load(config, bundle, environment);
    } catch (error) {
      this.remotes?.abort();
      throw error;
    }
  }

  private createGeneration(config: Config, current: Generation | null, policies?: PolicySet): Generation {
    const clusters = clustersFor(config, current, this.reactor, this.upstream);
    return new Generation(config, clusters, this.reactor, policies);
  }
}
