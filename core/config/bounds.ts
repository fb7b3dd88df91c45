/** The least and the greatest value that makes sense; beyond them a typo is likelier than a wish. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;
const day = 24 * 60 * 60 * 1000;

/** Bytes, and a count for `fields`. */
export const limitBounds = {
  startLine: { min: 128, max: MiB },
  head: { min: KiB, max: 16 * MiB },
  fields: { min: 10, max: 10_000 },
  trailers: { min: 0, max: MiB },
  chunkExtensions: { min: 0, max: 64 * KiB },
  requestBody: { min: 0, max: 1024 ** 5 },
} as const satisfies Record<string, Bounds>;

/** ms. A timer of Node holds 24 days at most; a day is more than any of these needs. */
export const timeoutBounds: Bounds = { min: 10, max: day };

/** ms, where nothing at all is a sensible wait. */
export const delayBounds: Bounds = { min: 0, max: day };

/** ms that a request waits because somebody wants it to. */
export const faultDelayBounds: Bounds = { min: 1, max: 60 * 60 * 1000 };

/** Bytes, copies and ms: what is copied waits in this process, and nobody waits for it. */
export const mirrorBounds = {
  maxBody: { min: 0, max: 16 * MiB },
  maxInFlight: { min: 1, max: 100_000 },
  timeout: { min: 10, max: 60 * 1000 },
} as const satisfies Record<string, Bounds>;

/** Bytes and files of stored responses. Each reactor has a part, and less than this holds next to nothing. */
export const cacheBounds = {
  memory: { min: MiB, max: 64 * 1024 * MiB },
  size: { min: MiB, max: 1024 ** 5 },
  files: { min: 100, max: 10_000_000 },
  maxBody: { min: KiB, max: 64 * MiB },
} as const satisfies Record<string, Bounds>;

/** ms for which what machines share stays at most. */
export const cacheKeepBounds: Bounds = { min: 1000, max: 365 * day };

/** ms that requests may wait for a store that machines share. */
export const storeTimeoutBounds: Bounds = { min: 1, max: 60 * 1000 };

/** Connections and waiting requests. */
export const countBounds: Bounds = { min: 1, max: 1_000_000 };

/** Counts of which none is a sensible number. */
export const optionalCountBounds: Bounds = { min: 0, max: 1_000_000 };

export const weightBounds: Bounds = { min: 1, max: 10_000 };

/** ms between two times that a plugin is asked for endpoints. */
export const discoveryEveryBounds: Bounds = { min: 1000, max: day };

export const maxWorkers = 256;

/** Durations in ms, sizes in bytes, and counts; what a plugin itself may ask for, too. */
export const pluginLimitBounds = {
  cpu: { min: 1, max: 10_000 },
  wall: { min: 1, max: 10 * 60 * 1000 },
  memory: { min: 8 * MiB, max: 1024 * MiB },
  body: { min: 0, max: 256 * MiB },
  fetches: { min: 0, max: 10_000 },
  logLines: { min: 0, max: 100_000 },
} as const satisfies Record<string, Bounds>;
