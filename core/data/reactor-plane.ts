import type { Socket } from "node:net";
import type { Config, ListenerConfig } from "../config/model.ts";
import { type Listener, listen } from "../net/listener.ts";
import { type AccessLog, createAccessLog } from "../observe/access-log.ts";
import { standardOutput } from "../observe/line-output.ts";
import type { Logger } from "../observe/log.ts";
import { createLogger, type OperatorLogger } from "../observe/logger.ts";
import { Metrics } from "../observe/metrics.ts";
import type { PolicyBundle } from "../policy/bundle.ts";
import type { SharedServices } from "../policy/guest/services.ts";
import type { Discovered } from "../policy/policy-set.ts";
import { Gateway, type GatewayOptions } from "../proxy/gateway.ts";
import type { Engine, EngineName } from "../sandbox/engine.ts";
import { engineFor } from "../sandbox/engines.ts";
import type { PinnedValue, PinnedValues } from "../store/kv/pinned-values.ts";
import { reportClusters } from "../upstream/cluster-report.ts";
import type { UpstreamMemory } from "../upstream/services.ts";
import type { EntryTrace } from "./entry-trace.ts";
import { FaultTotals } from "./fault-totals.ts";
import type { HandleTable } from "./handles.ts";
import { remoteStores } from "./open-store.ts";
import type {
  DataPlane,
  EndpointChange,
  ListenerAddress,
  PlaneReport,
  PurgeRequest,
  PurgeResult,
} from "./plane.ts";
import { ResponseStores } from "./response-stores.ts";
import { sharedServices } from "./shared-services.ts";
import { tracedEngine } from "./traced-engine.ts";
import { processUsage } from "./usage.ts";

export interface ReactorOptions {
  readonly handles: HandleTable;
  /** 0-based number of this reactor. */
  readonly reactor: number;
  /** Whether other reactors listen on the same addresses. */
  readonly reusePort: boolean;
  /** Null: nobody looks which guest this reactor is in. */
  readonly trace?: EntryTrace | null;
  /** Of the store that all reactors share; null: this one is alone. */
  readonly memory?: SharedArrayBuffer | null;
  /** What all reactors know of endpoints and clusters; null: this one is alone. */
  readonly upstreamMemory?: UpstreamMemory | null;
}

/** One event loop that serves: a gateway with its counters and its logs. */
export class ReactorPlane implements DataPlane {
  readonly #options: ReactorOptions;
  readonly #metrics = new Metrics();
  readonly #shared: SharedServices & { readonly pinned: PinnedValues };
  readonly #responses: ResponseStores;
  /** The gateway looks here for each request, so that a reload can switch the access log. */
  #gatewayOptions: (GatewayOptions & { accessLog: AccessLog | null }) | null = null;
  readonly #faults = new FaultTotals();
  #log: OperatorLogger | null = null;
  #gateway: Gateway | null = null;

  constructor(options: ReactorOptions) {
    this.#options = options;
    const remotes = remoteStores(this.#metrics.stores, () => this.#log);
    this.#shared = sharedServices(this.#metrics.plugins, options.memory ?? null, remotes);
    this.#responses = new ResponseStores(this.#shared.responses, options.reactor);
  }

  async start(config: Config, bundle: PolicyBundle | null = null): Promise<readonly ListenerAddress[]> {
    // Another reactor had refused, and now all are asked again.
    if (this.#gateway !== null) return this.apply(config, bundle);
    const log = createLogger(config.log, { process: "data", reactor: this.#options.reactor });
    this.#log = log;
    this.#gatewayOptions = {
      config,
      log,
      accessLog: openAccessLog(config),
      metrics: this.#metrics,
      bundle,
      policyServices: { engine: (name) => this.#engine(name), shared: this.#shared },
      upstreamMemory: this.#options.upstreamMemory ?? null,
      leads: this.#options.reactor === 0,
      listen: (listener, onConnection) => this.#listen(listener, onConnection, log),
    };
    const gateway = new Gateway(this.#gatewayOptions);
    await gateway.start();
    this.#responses.configure(config, log);
    this.#gateway = gateway;
    return gateway.addresses();
  }

  async apply(config: Config, bundle: PolicyBundle | null = null): Promise<readonly ListenerAddress[]> {
    const gateway = this.#started();
    const before = gateway.generation.policies.report();
    await gateway.apply(config, bundle);
    this.#responses.configure(config, this.#log!);
    this.#faults.add(before);
    this.#log?.configure(config.log);
    this.#gatewayOptions!.accessLog = openAccessLog(config);
    return gateway.addresses();
  }

  async setEndpoints({ cluster, endpoints }: EndpointChange): Promise<void> {
    this.#started().setEndpoints(cluster, endpoints);
  }

  async pin(values: readonly PinnedValue[]): Promise<void> {
    for (const value of values) this.#shared.pinned.set(value);
  }

  discover(cluster: string): Promise<Discovered> {
    return this.#started().discover(cluster);
  }

  async purge({ purge, soft }: PurgeRequest): Promise<PurgeResult> {
    const { count, done } = this.#shared.responses.purge("", purge, soft);
    const isDone = await done;
    return { count, isShared: this.#responses.isShared ? isDone : null };
  }

  async report(): Promise<PlaneReport> {
    this.#metrics.logLinesDropped(standardOutput().takeDropped());
    const gateway = this.#gateway;
    const plugins = gateway?.generation.policies.report() ?? [];
    return {
      snapshots: [this.#metrics.snapshot()],
      plugins: [this.#faults.over(plugins)],
      clusters:
        gateway === null ? [] : [reportClusters(gateway.generation.clusters.values(), gateway.upstream)],
      caches: [this.#shared.responses.report()],
      ...processUsage(),
    };
  }

  async drain(): Promise<void> {
    await this.#started().drain();
    await this.#responses.close();
    await standardOutput().flush(1000);
  }

  async #engine(name: EngineName | null): Promise<Engine> {
    const { trace } = this.#options;
    const engine = await engineFor(name);
    return trace ? tracedEngine(engine, trace) : engine;
  }

  #listen(config: ListenerConfig, onConnection: (socket: Socket) => void, log: Logger): Promise<Listener> {
    const { handles, reactor, reusePort } = this.#options;
    return listen(config, onConnection, { log, handle: handles.take(config.address, reactor), reusePort });
  }

  #started(): Gateway {
    if (this.#gateway === null) throw new Error("Cannot use a reactor that has not started");
    return this.#gateway;
  }
}

function openAccessLog(config: Config): AccessLog | null {
  return config.accessLog.enabled ? createAccessLog(config.log) : null;
}
