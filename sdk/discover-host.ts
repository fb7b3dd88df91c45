import type { SetupHost } from "./setup-host.ts";
import type { WebAbortSignal } from "./web.ts";

/** What `discover` has besides its config: what `setup` has, and for whom it looks. */
export interface DiscoverHost extends Omit<SetupHost, "skip"> {
  /** Name of the cluster whose endpoints are wanted. */
  readonly cluster: string;
  /** Aborted when the proxy waits no longer: give it to `fetch`. */
  readonly signal: WebAbortSignal;
}

/**
 * An endpoint of a cluster.
 *
 * @example
 * const endpoint: DiscoveredEndpoint = { address: "10.0.0.7:8080", weight: 2, zone: "eu-1a" };
 */
export interface DiscoveredEndpoint {
  /** `host:port`, where the host is a name or an address; IPv6 in brackets. */
  readonly address: string;
  /** Share of the requests compared with the others, from 1 to 10 000. Default: 1. */
  readonly weight?: number;
  /** Default: none. */
  readonly zone?: string;
  /** From 0, the best, to 15: those of the next one get requests when few of the better ones are healthy. Default: 0. */
  readonly priority?: number;
}
