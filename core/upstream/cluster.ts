/** A named set of endpoints that answer the same requests. */
import type { ClusterConfig, Limits } from "../config/model.ts";
import { ProxyError } from "../errors.ts";
import type { Reactor } from "../net/reactor.ts";
import { type Balancer, createBalancer } from "./balancer.ts";
import { Endpoint } from "./endpoint.ts";

export class Cluster {
  readonly config: ClusterConfig;
  readonly endpoints: readonly Endpoint[];
  private readonly balancer: Balancer<Endpoint>;

  /** @throws TlsFileError when a certificate file cannot be used */
  constructor(config: ClusterConfig, limits: Limits, reactor: Reactor) {
    this.config = config;
    this.endpoints = config.endpoints.map((endpoint) => new Endpoint(endpoint, config, limits, reactor));
    this.balancer = createBalancer(config.balance, this.endpoints);
  }

  get name(): string {
    return this.config.name;
  }

  /** The endpoint for the next request. */
  pick(): Endpoint {
    return this.balancer.pick();
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

  /** Lets requests in flight finish and closes the rest. */
  close(): void {
    for (const endpoint of this.endpoints) endpoint.pool.close();
  }
}
