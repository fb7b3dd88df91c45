/** One address of a cluster, with its pool and what is known of its conduct. */
import { formatAddress } from "../config/address.ts";
import type { ClusterConfig, ClusterTimeouts, EndpointConfig, Limits } from "../config/model.ts";
import type { ConnectTarget } from "../net/connector.ts";
import type { Reactor } from "../net/reactor.ts";
import { prepareClientTls } from "../net/tls/client-tls.ts";
import type { PeakLatency } from "./balance/peak-latency.ts";
import { standingOf } from "./balance/standing.ts";
import { lookupOfFound } from "./found-lookup.ts";
import type { EndpointTable } from "./health/endpoint-table.ts";
import type { LateAnswer } from "./late-answer.ts";
import { Pool } from "./pool.ts";

/** How long connections are not reused after an endpoint's first offence, in ms; it doubles with each. */
const firstDistrust = 60_000;
const longestDistrust = 3_600_000;
/** An endpoint that is stopped, or whose host is gone, looks like one that thinks: from so much silence on it is one. */
const leastPatience = 1000;
/** Times the slowest answer of late. */
const silenceFactor = 5;
/** What is left of the slowest answer with each one after it. */
const forgetting = 0.999;
const enoughAnswers = 20;
const enoughWaiting = 3;

export class Endpoint {
  readonly config: EndpointConfig;
  /** Address as text, for logs. */
  readonly name: string;
  readonly target: ConnectTarget;
  readonly timeouts: ClusterTimeouts;
  readonly reactor: Reactor;
  readonly metricsSlot: number;
  readonly pool: Pool;
  /** In the table of endpoints. */
  readonly slot: number;
  /** Requests that others have answered, and that it may answer yet. */
  readonly late = new Set<LateAnswer>();
  /** Requests sent and not finished. */
  inFlight = 0;
  /** Requests that wait for a response head. */
  private awaiting = 0;
  private answered = 0;
  private fellSilent = false;
  /** When the last response head came. */
  private heardAt = 0;
  /** Of late, in ms. */
  private slowest = 0;
  /** How long it may be silent, in ms: a power of two times the least. */
  patience = leastPatience;
  private readonly table: EndpointTable;
  private readonly latency: PeakLatency | null;
  private readonly reuse: ClusterConfig["reuse"];
  private offences = 0;
  private distrustedUntil = 0;

  /** @throws TlsFileError when a certificate file cannot be used */
  constructor(
    config: EndpointConfig,
    cluster: ClusterConfig,
    limits: Limits,
    reactor: Reactor,
    table: EndpointTable,
  ) {
    this.config = config;
    this.name = formatAddress(config.address);
    this.timeouts = cluster.timeouts;
    this.reuse = cluster.reuse;
    this.reactor = reactor;
    this.metricsSlot = reactor.metrics.clusters.slot(cluster.name);
    const tls = cluster.tls === null ? null : prepareClientTls(cluster.tls, config);
    const isFound = cluster.discovery?.kind === "plugin";
    this.target = { address: config.address, tls, ...(isFound && { lookup: lookupOfFound }) };
    this.pool = new Pool(this, cluster, limits);
    this.table = table;
    this.slot = table.acquire(`${cluster.name}/${this.name}`);
    this.latency = cluster.balance === "ewma" ? standingOf(this).latency : null;
  }

  /** It gets no more requests; those in flight are finished. */
  close(): void {
    this.pool.close();
    for (const answer of this.late) answer.end();
  }

  /** Whether its checks and its answers allow that requests go to it. */
  get isHealthy(): boolean {
    return this.table.isUsable(this.slot);
  }

  /** A request is sent. */
  onRequest(): void {
    this.awaiting++;
  }

  /**
   * In how many ms to look whether the endpoint has gone silent; 0: not at all, for it has not answered enough to
   * know what is usual.
   *
   * @param headTime that the request may wait at most
   */
  patienceFor(headTime: number): number {
    return this.answered < enoughAnswers || this.patience >= headTime ? 0 : this.patience;
  }

  /** It waits no more for a response head: that came, or never will. */
  onRequestDone(): void {
    this.awaiting--;
  }

  /** @param latency of a response head that came, in ms */
  onHead(now: number, latency: number): void {
    this.answered++;
    this.heardAt = now;
    this.fellSilent = false;
    this.slowest = latency > this.slowest ? latency : this.slowest * forgetting;
    if (this.slowest * silenceFactor > this.patience) this.patience *= 2;
    else if (this.slowest * silenceFactor < this.patience / 4 && this.patience > leastPatience)
      this.patience /= 2;
  }

  /** ms since a response head came. */
  quietFor(now: number): number {
    return now - this.heardAt;
  }

  /** Whether it has been quiet for longer than it usually is, be it that nobody asked. */
  isQuiet(now: number): boolean {
    return this.answered >= enoughAnswers && this.quietFor(now) >= this.patience;
  }

  /** Whether it has been quiet for longer than it usually is, since a request was sent at that time and later. */
  isQuietSince(sentAt: number, now: number): boolean {
    return now - sentAt >= this.patience && this.isQuiet(now);
  }

  /**
   * Whether it answers nobody, being quiet for so long: several requests wait. One slow answer is no silence.
   */
  isSilent(): boolean {
    // Those that go elsewhere wait no more, and the last of them would be too few to go.
    this.fellSilent ||= this.awaiting >= enoughWaiting;
    return this.fellSilent;
  }

  /** @param latency of an attempt, until the response head or the failure, in ms */
  onResult(ok: boolean, latency: number): void {
    if (this.latency === null) return;
    if (ok) this.latency.answered(latency, performance.now());
    else this.latency.failed(latency, performance.now());
  }

  /**
   * Whether a connection may carry another request.
   *
   * @param echoes whether the endpoint sends X-Request-Id back on it
   */
  trusts(echoes: boolean): boolean {
    if (this.reuse === "never" || (this.reuse === "verified" && !echoes)) return false;
    return !this.isDistrusted;
  }

  private get isDistrusted(): boolean {
    return this.distrustedUntil !== 0 && performance.now() < this.distrustedUntil;
  }

  /**
   * It sent bytes that answer no request. For a while each request gets its own
   * connection: whatever else it sends can answer no one else.
   */
  distrust(): void {
    if (this.isDistrusted) return;
    const time = Math.min(firstDistrust * 2 ** this.offences++, longestDistrust);
    this.distrustedUntil = performance.now() + time;
    this.pool.closeIdle();
    this.reactor.log.warn(
      { endpoint: this.name, distrustedForMs: time },
      "Endpoint sent bytes that answer no request; its connections are not reused for a while",
    );
  }

  reportSurplus(): void {
    this.reactor.metrics.messageRefused("response_surplus");
    this.distrust();
  }
}
