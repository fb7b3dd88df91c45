import { createOutboundAgent } from "../outbound/agent.ts";
import { type Resolve, resolveBySystem } from "../outbound/lookup.ts";
import { createFetchHost, type FetchHost, type FetchHostOptions } from "./fetch.ts";

export interface NetworkOptions extends FetchHostOptions {
  /** Certificates to trust besides the runtime's own, in PEM. */
  readonly ca?: readonly string[];
  /** The system's resolver unless given. */
  readonly resolve?: Resolve;
}

/**
 * The host's side of `fetch` for one guest, over the network.
 *
 * @throws Error for a grant that is no origin
 * @example
 * const host = createNetworkFetchHost({ grants: ["https://api.example.com"] });
 */
export function createNetworkFetchHost(options: NetworkOptions): FetchHost {
  const { resolve = resolveBySystem, ca } = options;
  return createFetchHost(options, (grants, limits) => {
    const { agent, destroy } = createOutboundAgent({ ...limits, grants, resolve, ca });
    return { request: (request) => agent.request(request), destroy };
  });
}
