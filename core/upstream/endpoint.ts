/** One address of a cluster, with its pool and what is known of its conduct. */
import { formatAddress } from "../config/address.ts";
import type { ClusterConfig, ClusterTimeouts, EndpointConfig, Limits } from "../config/model.ts";
import { prepareClientTls } from "../net/client-tls.ts";
import type { ConnectTarget } from "../net/connector.ts";
import type { Reactor } from "../net/reactor.ts";
import { Pool } from "./pool.ts";

/** How long connections are not reused after an endpoint's first offence, in ms; it doubles with each. */
const firstDistrust = 60_000;
const longestDistrust = 3_600_000;

export class Endpoint {
  readonly config: EndpointConfig;
  /** Address as text, for logs. */
  readonly name: string;
  readonly target: ConnectTarget;
  readonly timeouts: ClusterTimeouts;
  readonly reactor: Reactor;
  readonly metricsSlot: number;
  readonly pool: Pool;
  /** Requests sent and not finished. */
  inFlight = 0;
  private readonly reuse: ClusterConfig["reuse"];
  private offences = 0;
  private distrustedUntil = 0;

  /** @throws TlsFileError when a certificate file cannot be used */
  constructor(config: EndpointConfig, cluster: ClusterConfig, limits: Limits, reactor: Reactor) {
    this.config = config;
    this.name = formatAddress(config.address);
    this.timeouts = cluster.timeouts;
    this.reuse = cluster.reuse;
    this.reactor = reactor;
    this.metricsSlot = reactor.metrics.clusterSlot(cluster.name);
    const tls = cluster.tls === null ? null : prepareClientTls(cluster.tls, config);
    this.target = { address: config.address, tls };
    this.pool = new Pool(this, cluster, limits);
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
