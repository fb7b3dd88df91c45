export interface Settling {
  /** Something happened. */
  touch(): void;
  close(): void;
}

export interface SettleOptions {
  /** Time without a further touch after which all is settled, ms. */
  readonly quiet: number;
  /** Time after the first touch that is waited for at most, ms. */
  readonly longest: number;
  /** In ms, monotonic. */
  readonly now?: () => number;
}

/**
 * Turns a burst of events into one call, made when the burst is over or has lasted long.
 *
 * @example
 * const settling = whenSettled(reload, { quiet: 30, longest: 300 });
 * watcher.on("change", () => settling.touch());
 */
export function whenSettled(settled: () => void, options: SettleOptions): Settling {
  const { quiet, longest, now = () => performance.now() } = options;
  let timer: NodeJS.Timeout | undefined;
  let latest = Number.POSITIVE_INFINITY;
  const fire = () => {
    timer = undefined;
    latest = Number.POSITIVE_INFINITY;
    settled();
  };
  return {
    touch() {
      const time = now();
      latest = Math.min(latest, time + longest);
      clearTimeout(timer);
      timer = setTimeout(fire, Math.max(0, Math.min(quiet, latest - time)));
      timer.unref();
    },
    close() {
      clearTimeout(timer);
      latest = Number.POSITIVE_INFINITY;
    },
  };
}
