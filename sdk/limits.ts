/**
 * What a plugin may use up. The operator's config overrides each, and a plugin that gives itself more than the
 * operator's `maxLimits` is not loaded. Passing one is a fault of the plugin and ends as `onFailure` says, unless noted
 * otherwise.
 *
 * @example
 * definePlugin({ limits: { cpu: "20ms", wall: "2s", memory: "64MiB", body: "256KiB" } });
 */
export interface Limits {
  /** CPU time of one call of a handler. Default: 50 ms. The guest is lost and made anew. */
  readonly cpu?: Duration;
  /** Time from the beginning of a phase until its handler is done, waiting included. Default: 5 s. */
  readonly wall?: Duration;
  /** Memory of the guest, which all policies of the plugin share. Default: 32 MiB. The guest is lost and made anew. */
  readonly memory?: Size;
  /**
   * Longest body that `text()`, `json()` and `bytes()` read. A longer one is no fault: the handler is not called on, and
   * the client gets 413 for its request, 502 for the response. Default: 1 MiB.
   */
  readonly body?: Size;
  /** Calls of `fetch` for one request; one more rejects. Default: 10. */
  readonly fetches?: number;
  /** Lines in the log per second; further ones are dropped and counted, which is no fault. Default: 100. */
  readonly logLines?: number;
}

/** A length of time: a number of ms, or a number with its unit. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h"}`;

/** An amount of data: a number of bytes, or a number with its unit; `KiB` counts in 1024, `KB` in 1000. */
export type Size = number | `${number}${"B" | "KB" | "MB" | "GB" | "KiB" | "MiB" | "GiB"}`;
