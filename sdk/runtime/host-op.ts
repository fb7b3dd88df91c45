/** Operations that a guest asks of the host. Numbers, because one crosses the boundary with every call. */
export const HostOp = {
  /** An outcome that comes late, or has bytes; the id is its slot. */
  outcome: 1,
  /** A line for the log. */
  log: 2,
  /** A counter or a histogram gets a value. */
  metric: 3,
  /** Milliseconds since the guest began. */
  now: 4,
  /** Random bytes. */
  random: 5,
  /** A timer; completed when it is due. */
  timer: 6,
  /** An operation whose result nobody waits for any more; its id is the call's. */
  cancel: 7,

  urlParse: 10,
  urlSet: 11,
  utf8Encode: 12,
  utf8Decode: 13,

  digest: 20,
  generateKey: 21,
  importKey: 22,
  exportKey: 23,
  sign: 24,
  verify: 25,
  encrypt: 26,
  decrypt: 27,
  deriveBits: 28,

  fetch: 40,
  /** The next part of the body of a fetched response. */
  fetchRead: 41,
  /** The next part of a streamed request body of a fetch. */
  fetchWrite: 42,

  kvGet: 50,
  kvSet: 51,
  kvDelete: 52,
  kvIncrement: 53,

  counterNow: 54,
  counterGet: 55,
  counterSet: 56,
  counterDelete: 57,
  counterAdd: 58,
  counterCompareAndSet: 59,
  counterTake: 64,

  /** The body of the message at hand, whole. */
  readBody: 60,
  /** What the host is to do with its bytes on their way: limit, decode, encode. */
  bodyStage: 61,
  /** The same as text, if all of it is here; the answer is empty if not, and has one character before the text if it is. */
  arrivedText: 62,

  cacheGet: 70,
  cacheSet: 71,
  cacheUpdate: 72,
  cacheDelete: 73,
  cacheDeleteAll: 74,
  cacheSlice: 75,
  cacheRecord: 76,
  cacheLoad: 77,

  /** The request at hand is sent again, for nobody. */
  refresh: 78,
  /** The exchange is finished even when its client leaves. */
  keepGoing: 79,
  /** How the proxy reads a URL that is assigned to a request. */
  readTarget: 83,

  /** Whether the config has a store of this name. */
  storeFind: 80,
  storeRun: 81,

  /** As `cacheGet`, and told where others may have a better one. */
  cacheFind: 82,
} as const;
