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
  /** Whether `ctx.kv` and `ctx.counters` may be used. Default: false. */
  readonly kv?: boolean;
  /** Whether `ctx.identity` may be assigned: policies behind this one believe it. Default: false. */
  readonly identity?: boolean;
  /** Names of environment variables that `host.env` may read in `setup`. Default: none. */
  readonly env?: readonly string[];
}

/**
 * An origin: scheme, host and, unless it is the scheme's own, port; `https://*.example.com` stands for the
 * hosts below. `private: true` also allows names that resolve to private and loopback addresses.
 *
 * @example
 * const grants: FetchGrant[] = ["https://api.example.com", { origin: "http://tenants.internal:8080", private: true }];
 */
export type FetchGrant = string | { readonly origin: string; readonly private?: boolean };
