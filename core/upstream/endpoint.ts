/** One address of a cluster, with its pool and what is known of its conduct. */
import { formatAddress } from "../config/address.ts";
import type { ClusterConfig, ClusterTimeouts, EndpointConfig, Limits } from "../config/model.ts";
import { prepareClientTls } from "../net/client-tls.ts";
import type { ConnectTarget } from "../net/connector.ts";
import type { Reactor } from "../net/reactor.ts";
import { Pool } from "./pool.ts";

/** How long connections are not reused after an endpoint broke framing, in ms. */
const distrustTime = 60_000;

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
  private distrustedUntil = 0;

  /** @throws TlsFileError when a certificate file cannot be used */
  constructor(config: EndpointConfig, cluster: ClusterConfig, limits: Limits, reactor: Reactor) {
    this.config = config;
    this.name = formatAddress(config.address);
    this.timeouts = cluster.timeouts;
    this.reactor = reactor;
    this.metricsSlot = reactor.metrics.clusterSlot(cluster.name);
    const tls = cluster.tls === null ? null : prepareClientTls(cluster.tls, config);
    this.target = { address: config.address, tls };
    this.pool = new Pool(this, cluster, limits);
  }

  /** Whether its connections may carry more than one request. */
  get isTrusted(): boolean {
    return this.distrustedUntil === 0 || performance.now() >= this.distrustedUntil;
  }

  /**
   * It sent bytes that answer no request. For a while each request gets its own
   * connection: whatever else it sends can answer no one else.
   */
  distrust(): void {
    this.distrustedUntil = performance.now() + distrustTime;
    this.pool.closeIdle();
  }

  reportSurplus(when: string): void {
    this.reactor.metrics.messageRefused("response_surplus");
    if (this.isTrusted) {
      const fields = { endpoint: this.name, code: "response_surplus", distrustedForMs: distrustTime };
      this.reactor.log.warn(
        fields,
        `Endpoint sent bytes ${when}; its connections are not reused for a while`,
      );
    }
    this.distrust();
  }
}
