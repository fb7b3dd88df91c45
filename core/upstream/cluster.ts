/** A named set of endpoints that answer the same requests. */
import { isDeepStrictEqual } from "node:util";
import type { ClusterConfig, EndpointConfig, Limits } from "../config/model.ts";
import { ProxyError } from "../errors.ts";
import type { Reactor } from "../net/reactor.ts";
import { firstAttempt, type PickContext } from "./balance/candidate.ts";
import { HostSet } from "./balance/host-set.ts";
import { StickyCookie } from "./balance/sticky.ts";
import type { ClusterCounts } from "./cluster-memory.ts";
import { Endpoint } from "./endpoint.ts";
import type { EndpointCheck } from "./health/health-checker.ts";
import { OutlierDetector } from "./health/outlier-detector.ts";
import { Reconnections } from "./health/reconnections.ts";
import { Admission } from "./overload/admission.ts";
import { LatencyWindow } from "./retry/latency-window.ts";
import { RetryBudget } from "./retry/retry-budget.ts";
import type { UpstreamServices } from "./services.ts";

/** How often endpoints whose ejection is over are looked for, in ms. */
const lookEvery = 500;

export class Cluster {
  config: ClusterConfig;
  endpoints: readonly Endpoint[] = [];
  readonly budget: RetryBudget;
  /** What all reactors count together for it. */
  readonly counts: ClusterCounts;
  /** Null: as many requests and retries at once as there are. */
  readonly admission: Admission | null;
  /** Null: clients are not led back to their endpoint. */
  sticky: StickyCookie<Endpoint> | null = null;
  /** Of the latest attempts; null: no route hedges them. */
  latencies: LatencyWindow | null = null;
  private readonly limits: Limits;
  readonly reactor: Reactor;
  private readonly services: UpstreamServices;
  private readonly detector: OutlierDetector | null;
  private readonly checks = new Map<Endpoint, EndpointCheck>();
  private readonly looking: NodeJS.Timeout | null;
  /** Null: checks look after the endpoints, another reactor does, or nobody is ever left out. */
  private readonly reconnections: Reconnections | null;
  private hosts!: HostSet<Endpoint>;
  /** Of the table, when `hosts` was built. */
  private version = 0;
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
    this.config = config;
    this.limits = limits;
    this.reactor = reactor;
    this.services = services;
    this.detector = this.createDetector();
    this.setEndpoints(config.endpoints);
    this.counts = services.counts.acquire(config.name);
    this.budget = this.createBudget(workers);
    this.admission = this.createAdmission();
    this.reconnections = this.createReconnections();
    this.looking = services.checker !== null && this.detector !== null ? this.lookAgain(this.detector) : null;
  }

  /**
   * Requests go to these from now on. What was there before goes on as it is; requests at an endpoint that is gone
   * are finished.
   *
   * @throws TlsFileError when a certificate file cannot be used; nothing has changed then
   */
  setEndpoints(configs: readonly EndpointConfig[]): void {
    const before = this.endpoints;
    const { config, limits, reactor, services } = this;
    this.endpoints = configs.map(
      (wanted) =>
        before.find((known) => isDeepStrictEqual(known.config, wanted)) ??
        new Endpoint(wanted, config, limits, reactor, services.table),
    );
    this.config = { ...config, endpoints: configs };
    this.sticky =
      config.sticky && new StickyCookie(config.sticky, config.sticky.key ?? config.name, this.endpoints);
    this.detector?.setEndpoints(this.endpoints);
    for (const endpoint of this.endpoints) this.check(endpoint);
    for (const endpoint of before) if (!this.endpoints.includes(endpoint)) this.leave(endpoint);
    this.buildHosts();
  }

  /** A route hedges its attempts from now on, or none does any more. */
  measureLatencies(isWanted: boolean): void {
    if (!isWanted) this.latencies = null;
    else this.latencies ??= new LatencyWindow();
  }

  private leave(endpoint: Endpoint): void {
    this.checks.get(endpoint)?.remove();
    this.checks.delete(endpoint);
    endpoint.close();
    this.services.table.release(endpoint.slot);
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

  /** Whether an endpoint that may be asked is not among these. */
  hasOther(than: ReadonlySet<Endpoint>): boolean {
    return this.currentHosts().hasOther(than);
  }

  /** The endpoint of that name, if it gets requests; else null. */
  servingNamed(name: string): Endpoint | null {
    const endpoint = this.endpoints.find((candidate) => candidate.name === name);
    return endpoint !== undefined && this.currentHosts().serves(endpoint) ? endpoint : null;
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

  /**
   * @param latency until the response head, or the failure, in ms
   * @param found whether there was somebody to connect to
   */
  onResult(endpoint: Endpoint, ok: boolean, latency: number, found: "answers" | "nobody" = "answers"): void {
    endpoint.onResult(ok, latency);
    this.detector?.onResult(endpoint.slot, ok, latency, found);
  }

  /** Lets requests in flight finish and closes the rest. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.looking !== null) clearInterval(this.looking);
    this.reconnections?.close();
    this.detector?.close();
    for (const endpoint of this.endpoints) this.leave(endpoint);
    this.counts.release();
  }

  private currentHosts(): HostSet<Endpoint> {
    if (this.services.table.version !== this.version) this.buildHosts();
    return this.hosts;
  }

  private buildHosts(): void {
    // Before the endpoints are looked at: what changes meanwhile is seen the next time.
    this.version = this.services.table.version;
    this.hosts = HostSet.build(this.endpoints, this.config);
  }

  /** Where reactors do not count together each has its share of what is allowed without any request. */
  private createBudget(workers: number): RetryBudget {
    const { ratio, minimum } = this.config.retryBudget;
    const { budget, isShared } = this.counts;
    return new RetryBudget({ ratio, minimum: isShared ? minimum : minimum / workers }, budget);
  }

  private createAdmission(): Admission | null {
    const { name, maxRequests, maxRetries, concurrency } = this.config;
    if (maxRequests === null && maxRetries === null && concurrency === null) return null;
    const { metrics } = this.reactor;
    const slot = metrics.clusters.slot(name);
    return new Admission(this.config, this.counts, (refusal, priority) =>
      metrics.clusters.refused(slot, refusal, priority),
    );
  }

  private createDetector(): OutlierDetector | null {
    const { outlier, name, endpoints, discovery } = this.config;
    // The only endpoint is never left out.
    if (outlier === null || (endpoints.length < 2 && discovery === null)) return null;
    const { log } = this.reactor;
    return new OutlierDetector({ table: this.services.table, config: outlier, cluster: name, log });
  }

  private createReconnections(): Reconnections | null {
    const { detector, limits, reactor, services } = this;
    if (detector === null || services.checker === null || this.config.health !== null) return null;
    const onReachable = (slot: number) => detector.onReachable(slot);
    return new Reconnections({ table: services.table, reactor, limits, onReachable });
  }

  private check(endpoint: Endpoint): void {
    const { health, name } = this.config;
    const { checker } = this.services;
    if (health === null || checker === null || this.checks.has(endpoint)) return;
    const { target, slot } = endpoint;
    const { authority } = endpoint.config;
    const checked = { cluster: name, name: endpoint.name, target, authority, limits: this.limits, slot };
    this.checks.set(endpoint, checker.add(checked, health));
  }

  private lookAgain(detector: OutlierDetector): NodeJS.Timeout {
    return setInterval(() => {
      this.reconnections?.look(this.endpoints);
      detector.evaluate();
    }, lookEvery).unref();
  }
}
