/** One data plane: listeners, connections and the generation they serve. */

import type { Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Address, ClusterConfig, Config, EndpointConfig, ListenerConfig } from "../config/model.ts";
import type { StoreConfig } from "../config/store-model.ts";
import { ProxyError } from "../errors.ts";
import type { Listener } from "../net/listener.ts";
import { Reactor } from "../net/reactor.ts";
import { throttled } from "../net/throttle.ts";
import type { AccessLog } from "../observe/access-log.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import { type Discovered, type PolicyEnvironment, PolicySet } from "../policy/policy-set.ts";
import type { RemoteStores } from "../store/remote-stores.ts";
import { Cluster } from "../upstream/cluster.ts";
import { type UpstreamMemory, type UpstreamServices, upstreamServices } from "../upstream/services.ts";
import type { ClientSide } from "../wire/forward.ts";
import { accessRecord, refusalRecord } from "./access-record.ts";
import { AbsentClient } from "./client/absent-client.ts";
import { DownstreamConnection } from "./client/connection.ts";
import type { Exchange } from "./exchange.ts";
import { Generation } from "./generation.ts";
import { errorReply } from "./response/local-reply.ts";
import { Shedding } from "./shedding.ts";

/** How long a client over the connection limit may take to read its 503, in ms. */
const refusalTime = 1000;

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
  readonly listen: (config: ListenerConfig, onConnection: (socket: Socket) => void) => Promise<Listener>;
  /** In the place of connections over the network to endpoints. */
  readonly connect?: Reactor["connect"];
  /** What all reactors know of endpoints and clusters; absent: this one is alone. */
  readonly upstreamMemory?: UpstreamMemory | null;
  /** Whether this reactor checks endpoints for all. Absent: yes. */
  readonly leads?: boolean;
}

/** What policies need besides the reactor that they run on. */
export type PolicyServices = Omit<PolicyEnvironment, "reactor">;

/** Turns of the event loop for which shutdown goes on accepting while connections keep coming. */
const mostAcceptTurns = 256;

/** Time for the other reactors, told to drain in the same moment, to close their listeners too, in ms. */
const closingTime = 100;

/** A listener with the connections that it accepted. */
interface Entrance {
  listener: Listener;
  readonly connections: Set<DownstreamConnection>;
}

export class Gateway {
  readonly reactor: Reactor;
  readonly upstream: UpstreamServices;
  generation: Generation;
  readonly shedding: Shedding;
  isDraining = false;
  /** Connections so far, to see whether more come. */
  private accepted = 0;
  private readonly options: GatewayOptions;
  private entrances = new Map<string, Entrance>();
  /** Taken out of the config; their last connections are finishing. */
  private readonly retired = new Set<Entrance>();
  private readonly entranceOf = new WeakMap<DownstreamConnection, Entrance>();
  private onEmpty: (() => void) | null = null;
  private readonly reportFull: (listener: string) => void;

  /** @throws TlsFileError when a certificate file of a cluster cannot be used */
  constructor(options: GatewayOptions) {
    this.options = options;
    this.reactor = new Reactor(options.metrics, options.log, options.connect);
    this.upstream = upstreamServices(this.reactor, options.upstreamMemory, options.leads);
    this.generation = this.createGeneration(options.config, new Map());
    this.shedding = new Shedding(options.config.shedding);
    this.reportFull = throttled((refused, listener: string) => {
      options.log.warn({ listener, refused }, "Too many connections; new ones are answered 503");
    });
  }

  /**
   * Loads the plugins and opens the listeners.
   *
   * @throws PluginLoadError when a plugin cannot be used
   */
  async start(): Promise<void> {
    const { config, bundle } = this.options;
    if (bundle) {
      const policies = await this.loadPolicies(config, bundle);
      this.generation = new Generation(config, this.generation.clusters, this.reactor, policies);
    }
    try {
      for (const config of this.generation.config.listeners) {
        this.entrances.set(config.name, await this.openEntrance(config));
      }
    } catch (error) {
      await this.closeListeners();
      this.remotes?.abort();
      throw error;
    }
    this.remotes?.commit();
  }

  addresses(): { name: string; address: Address }[] {
    return [...this.entrances].map(([name, { listener }]) => ({ name, address: listener.address }));
  }

  /**
   * Replaces the config: all of it, or none when a listener or a certificate fails. Requests
   * in flight end on the old one; listeners and clusters that did not change go on as they are.
   */
  async apply(config: Config, bundle: PolicyBundle | null = null): Promise<void> {
    const policies = bundle === null ? PolicySet.none(config) : await this.loadPolicies(config, bundle);
    let entrances: Map<string, Entrance>;
    let generation: Generation | null = null;
    try {
      generation = this.createGeneration(config, this.generation.clusters, policies);
      entrances = await this.changeEntrances(config.listeners);
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
    previous.retire();
    for (const [name, entrance] of this.entrances) {
      if (entrances.get(name)?.connections !== entrance.connections) await this.abandonEntrance(entrance);
    }
    this.entrances = entrances;
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
    try {
      return await generation.policies.discover(cluster);
    } finally {
      generation.end();
    }
  }

  /** Stops as `drainDelay` and `drainTimeout` say; resolves when the last connection is closed. */
  async drain(): Promise<void> {
    const { timeouts, workers } = this.generation.config;
    const { drainDelay, drainTimeout } = timeouts;
    if (drainDelay > 0) await new Promise((resolve) => setTimeout(resolve, drainDelay));
    await this.acceptEstablished();
    await this.closeListeners();
    // A client that is told to go connects again at once: no reactor may be about to close then.
    if (workers > 1) await new Promise((resolve) => setTimeout(resolve, closingTime));
    this.isDraining = true;
    for (const connection of this.connections()) connection.leave();
    await this.untilEmpty(drainTimeout);
    this.close();
  }

  /** Ends everything at once. */
  close(): void {
    void this.closeListeners();
    for (const connection of [...this.connections()]) connection.destroy();
    AbsentClient.endAll(this);
    for (const { mirrors } of this.generation.routes) mirrors?.forEach((mirror) => void mirror.close());
    for (const cluster of this.generation.clusters.values()) cluster.close();
    this.upstream.checker?.close();
    this.shedding.close();
    this.generation.retire();
    this.remotes?.close();
  }

  // --- from connections

  onConnectionClosed(connection: DownstreamConnection): void {
    const entrance = this.entranceOf.get(connection);
    if (entrance === undefined || !entrance.connections.delete(connection)) return;
    if (entrance.connections.size === 0) this.retired.delete(entrance);
    this.options.metrics.connectionClosed();
    if (this.onEmpty !== null && this.connectionCount() === 0) this.onEmpty();
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

  // --- listeners

  private async openEntrance(config: ListenerConfig): Promise<Entrance> {
    const connections = new Set<DownstreamConnection>();
    const entrance: Partial<Entrance> & { connections: typeof connections } = { connections };
    entrance.listener = await this.options.listen(config, (socket) =>
      this.accept(entrance as Entrance, socket),
    );
    return entrance as Entrance;
  }

  private accept(entrance: Entrance, socket: Socket): void {
    this.accepted++;
    const { config } = entrance.listener;
    if (entrance.connections.size >= config.maxConnections) {
      this.refuseConnection(config, socket);
      return;
    }
    const connection = new DownstreamConnection(this, socket, config.tls === null ? "http" : "https");
    entrance.connections.add(connection);
    this.entranceOf.set(connection, entrance);
    this.options.metrics.connectionOpened();
  }

  private refuseConnection(config: ListenerConfig, socket: Socket): void {
    const message = `Listener ${config.name} has ${config.maxConnections} connections`;
    const error = new ProxyError("connections_exhausted", message, { source: "internal" });
    const context = { requestId: null, isHead: false, allow: null, connection: "close" } as const;
    // What the client has sent already is read, or the reset for it would overtake the reply.
    socket.resume();
    // Not the idle time of the socket: a client could prolong that for ever, past the limit.
    const deadline = setTimeout(() => socket.destroy(), refusalTime);
    socket.once("close", () => clearTimeout(deadline));
    socket.end(errorReply(error, { ...context, proxy: this.generation.config.forwarding.via }), "latin1");
    this.options.metrics.messageRefused(error.code);
    this.reportFull(config.name);
  }

  private async changeEntrances(configs: readonly ListenerConfig[]): Promise<Map<string, Entrance>> {
    const next = new Map<string, Entrance>();
    const opened: Entrance[] = [];
    try {
      for (const config of configs) {
        const current = this.entrances.get(config.name);
        if (current !== undefined && isDeepStrictEqual(current.listener.config.address, config.address)) {
          await current.listener.update(config);
          next.set(config.name, current);
        } else {
          const entrance = await this.openEntrance(config);
          opened.push(entrance);
          next.set(config.name, entrance);
        }
      }
    } catch (error) {
      for (const { listener } of opened) await listener.close();
      throw error;
    }
    return next;
  }

  private async abandonEntrance(entrance: Entrance): Promise<void> {
    await entrance.listener.close();
    if (entrance.connections.size > 0) this.retired.add(entrance);
    for (const connection of entrance.connections) connection.leave();
  }

  /**
   * The kernel resets what it has established and nobody accepted when the door closes. libuv
   * accepts one connection a turn, so this goes on until a turn brings none.
   */
  private async acceptEstablished(): Promise<void> {
    for (let turn = 0, before = -1; turn < mostAcceptTurns && before !== this.accepted; turn++) {
      before = this.accepted;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private async closeListeners(): Promise<void> {
    await Promise.all([...this.entrances.values()].map(({ listener }) => listener.close()));
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

  private createGeneration(
    config: Config,
    current: ReadonlyMap<string, Cluster>,
    policies?: PolicySet,
  ): Generation {
    const clusters = new Map<string, Cluster>();
    try {
      for (const cluster of config.clusters) {
        clusters.set(
          cluster.name,
          this.reuseCluster(cluster, config, current) ?? this.createCluster(cluster, config),
        );
      }
    } catch (error) {
      closeClusters(clusters, current);
      throw error;
    }
    return new Generation(config, clusters, this.reactor, policies);
  }

  /** A cluster that did not change keeps its connections. */
  private reuseCluster(
    cluster: ClusterConfig,
    config: Config,
    current: ReadonlyMap<string, Cluster>,
  ): Cluster | undefined {
    const known = current.get(cluster.name);
    if (known === undefined || !isDeepStrictEqual(known.config, cluster)) return undefined;
    return isDeepStrictEqual(this.generation.config.limits, config.limits) ? known : undefined;
  }

  private createCluster(cluster: ClusterConfig, config: Config): Cluster {
    return new Cluster(cluster, config.limits, this.reactor, this.upstream, config.workers);
  }

  private *connections(): Generator<DownstreamConnection> {
    for (const { connections } of [...this.entrances.values(), ...this.retired]) yield* connections;
  }

  private connectionCount(): number {
    let count = 0;
    for (const { connections } of [...this.entrances.values(), ...this.retired]) count += connections.size;
    return count;
  }

  private async untilEmpty(timeout: number): Promise<void> {
    if (this.connectionCount() === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Closes the clusters of one generation that another one does not have. */
function closeClusters(clusters: ReadonlyMap<string, Cluster>, kept: ReadonlyMap<string, Cluster>): void {
  for (const [name, cluster] of clusters) if (kept.get(name) !== cluster) cluster.close();
}
