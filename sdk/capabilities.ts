/**
 * What a plugin asks for. It has nothing else: no network, no environment, no files, no store.
 * Declaring is not having: the operator's config grants it (`sluice dev` grants what is declared and says
 * so). Using what was not granted throws a `NotAllowedError` that names the missing line.
 *
 * @example
 * definePlugin({
 *   capabilities: { fetch: ["https://tenants.internal"], kv: true, env: ["TENANTS_TOKEN"] },
 * });
 */
export interface Capabilities {
  /** Where `fetch` may go. Default: nowhere. */
  readonly fetch?: readonly FetchGrant[];
  /** Whether `ctx.kv`, `ctx.counters` and `ctx.store` may be used. Default: false. */
  readonly kv?: boolean;
  /** Whether `ctx.cache` may be used. Default: false. */
  readonly cache?: boolean;
  /** Whether `ctx.identity` may be assigned: policies behind this one believe it. Default: false. */
  readonly identity?: boolean;
  /** Names of environment variables that `host.env` may read in `setup`. Default: none. */
  readonly env?: readonly string[];
  /**
   * Where the endpoints may be that `discover` finds. Default: nowhere.
   *
   * @example
   * definePlugin({ capabilities: { endpoints: ["10.0.0.0/8", "*.svc.internal:8080"] }, discover: () => [] });
   */
  readonly endpoints?: readonly EndpointGrant[];
}

/**
 * Where endpoints may be: an address (`10.0.0.7`), a network (`10.0.0.0/8`, `fd00::/8`), a name (`api.internal`) or
 * the names below one (`*.svc.internal`), each with a port if only that one is meant (`10.0.0.0/8:8080`,
 * `[fd00::/8]:8080`). A network does not stand for link-local addresses in it, where clouds keep their metadata
 * services, nor a larger network for this machine's own.
 */
export type EndpointGrant = string;

/**
 * An origin: scheme, host and, unless it is the scheme's own, port; `https://*.example.com` stands for the
 * hosts below. `private: true` also allows names that resolve to private and loopback addresses.
 *
 * @example
 * const grants: FetchGrant[] = ["https://api.example.com", { origin: "http://tenants.internal:8080", private: true }];
 */
export type FetchGrant = string | { readonly origin: string; readonly private?: boolean };
