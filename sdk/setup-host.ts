import type { KeyValueStore } from "./key-value-store.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** What `setup` has besides its config: there is no request yet. */
export interface SetupHost<Config = unknown> {
  /** The same as the first argument of `setup`. */
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly kv: KeyValueStore;
  /**
   * The value of an environment variable of `capabilities.env`; undefined when it is not set. Throws a
   * `NotAllowedError` when it was not granted.
   *
   * @example
   * const token = host.env("TENANTS_TOKEN");
   * if (token === undefined) throw new Error("TENANTS_TOKEN is not set");
   */
  env(name: string): string | undefined;
}
