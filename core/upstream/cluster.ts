/** A named set of endpoints that answer the same requests. */
import type { ClusterConfig, Limits } from "../config/model.ts";
import { ProxyError } from "../errors.ts";
import type { Reactor } from "../net/reactor.ts";
import { firstAttempt, type PickContext } from "./balance/candidate.ts";
import { HostSet } from "./balance/host-set.ts";
import { StickyCookie } from "./balance/sticky.ts";
import { Endpoint } from "./endpoint.ts";
import type { EndpointCheck } from "./health/health-checker.ts";
import { OutlierDetector } from "./health/outlier-detector.ts";
import { RetryBudget, retryBudgetWords } from "./retry/retry-budget.ts";
import type { UpstreamServices } from "./services.ts";

/** How often endpoints whose ejection is over are looked for, in ms. */
const lookEvery = 500;

export class Cluster {
  readonly config: ClusterConfig;
  readonly endpoints: readonly Endpoint[];
  readonly budget: RetryBudget;
  /** Null: clients are not led back to their endpoint. */
  readonly sticky: StickyCookie<Endpoint> | null;
  private readonly services: UpstreamServices;
  private readonly detector: OutlierDetector | null;
  private readonly checks: readonly EndpointCheck[];
  private readonly looking: NodeJS.Timeout | null;
  private hosts: HostSet<Endpoint>;
  /** Of the table, when `hosts` was built. */
  private version: number;
  private isClosed = false;

  /**
   * @param workers reactors that serve the cluster
   * @throws TlsFileError when a certificate file cannot be used
   */
  constructor(
    config: ClusterConfig,
    limits: Limits,
    reactor: Reactor,
    services: UpstreamServices,
    workers = 1,
  ) {
    const { table, checker } = services;
    this.config = config;
    this.services = services;
    this.endpoints = config.endpoints.map(
      (endpoint) => new Endpoint(endpoint, config, limits, reactor, table),
    );
    this.budget = new RetryBudget(
      { ...config.retryBudget, minimum: config.retryBudget.minimum / workers },
      new Int32Array(retryBudgetWords),
    );
    this.sticky = config.sticky && new StickyCookie(config.sticky, config.name, this.endpoints);
    this.detector = this.createDetector(reactor);
    this.checks = checker === null ? [] : this.endpoints.flatMap((endpoint) => this.check(endpoint, limits));
    this.version = table.version;
    this.hosts = HostSet.build(this.endpoints, config);
    this.looking = checker !== null && this.detector !== null ? this.lookAgain(this.detector) : null;
  }

  get name(): string {
    return this.config.name;
  }

  /**
   * The endpoint for the next attempt.
   *
   * @throws ProxyError no_healthy_upstream
   */
  pick(context: PickContext<Endpoint> = firstAttempt): Endpoint {
    const endpoint = this.currentHosts().pick(context);
    if (endpoint !== null) return endpoint;
    throw new ProxyError("no_healthy_upstream", `Cluster ${this.name} has no healthy endpoint`, {
      source: "upstream",
    });
  }

  /** The endpoint that a Cookie field leads to, if it gets requests; else null. */
  endpointOf(cookies: string): Endpoint | null {
    const endpoint = this.sticky?.find(cookies) ?? null;
    return endpoint !== null && this.currentHosts().serves(endpoint) ? endpoint : null;
  }

  /** @throws ProxyError when there is none of that name */
  endpointNamed(name: string): Endpoint {
    const endpoint = this.endpoints.find((candidate) => candidate.name === name);
    if (endpoint !== undefined) return endpoint;
    throw new ProxyError(
      "plugin_failed",
      `A policy chose the endpoint ${name}: ${this.name} has none of that name`,
      {
        source: "plugin",
      },
    );
  }

  /** @param latency until the response head, or the failure, in ms */
  onResult(endpoint: Endpoint, ok: boolean, latency: number): void {
    endpoint.onResult(ok, latency);
    this.detector?.onResult(endpoint.slot, ok, latency);
  }

  /** Lets requests in flight finish and closes the rest. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.looking !== null) clearInterval(this.looking);
    for (const check of this.checks) check.remove();
    this.detector?.close();
    for (const endpoint of this.endpoints) {
      endpoint.pool.close();
      this.services.table.release(endpoint.slot);
    }
  }

  private currentHosts(): HostSet<Endpoint> {
    const { version } = this.services.table;
    if (version !== this.version) {
      this.version = version;
      this.hosts = HostSet.build(this.endpoints, this.config);
    }
    return this.hosts;
  }

  private createDetector({ log }: Reactor): OutlierDetector | null {
    const { outlier, name } = this.config;
    // The only endpoint is never left out.
    if (outlier === null || this.endpoints.length < 2) return null;
    const detector = new OutlierDetector({
      table: this.services.table,
      config: outlier,
      cluster: name,
      log,
    });
    detector.setEndpoints(this.endpoints);
    return detector;
  }

  private check(endpoint: Endpoint, limits: Limits): EndpointCheck[] {
    const { health, name } = this.config;
    if (health === null) return [];
    const { target, slot } = endpoint;
    const { authority } = endpoint.config;
    const checked = { cluster: name, name: endpoint.name, target, authority, limits, slot };
    return [this.services.checker!.add(checked, health)];
  }

  private lookAgain(detector: OutlierDetector): NodeJS.Timeout {
    return setInterval(() => detector.evaluate(), lookEvery).unref();
  }
}
