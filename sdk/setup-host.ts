import type { Counters } from "./counters.ts";
import type { KeyValueStore } from "./key-value-store.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { PhaseName } from "./runtime/message.ts";
import type { SharedStore } from "./shared-store.ts";

/** What `setup` has besides its config: there is no request yet. */
export interface SetupHost {
  /** Name of the plugin. */
  readonly name: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly kv: KeyValueStore;
  readonly counters: Counters;
  /**
   * A store that machines share, by its name in the config. Throws a `NotFoundError` when there is none: a policy that asks
   * here refuses the reload, and not the requests after it.
   */
  store(name: string): SharedStore;
  /**
   * The value of an environment variable; undefined when it is not set. Throws a `TypeError` when it is
   * not among the plugin's `capabilities.env`.
   *
   * @example
   * const token = host.env("TENANTS_TOKEN");
   * if (token === undefined) throw new Error("TENANTS_TOKEN is not set");
   */
  env(name: string): string | undefined;
  /**
   * Handlers that this config has no use for: they are not called for it, and cost nothing. Throws a `TypeError` for a
   * name that is none of `onRequest` to `onLog`. It holds from the end of `setup` on.
   *
   * @example
   * host.skip("onLog");
   */
  skip(...handlers: PhaseName[]): void;
}
