/** Bounds of the outbound calls of one guest. */
export interface FetchLimits {
  /** Calls at once; one counts until the last byte of its response has arrived. */
  readonly concurrent: number;
  /** Calls that wait until there are fewer. */
  readonly waiting: number;
  /** ms from the start of a call to the last byte of its response, waiting and redirects included. */
  readonly timeoutMs: number;
  /** ms until a connection is there. */
  readonly connectTimeoutMs: number;
  /** ms that the head of a response waits for the rest of a short body, so that both cross together. */
  readonly headWaitMs: number;
  /** Bytes of one request body. */
  readonly requestBytes: number;
  /** Bytes of one response body, as they arrive and at each step of decoding. */
  readonly responseBytes: number;
  /** Bytes of the head of one response. */
  readonly responseHeadBytes: number;
  /** Bytes of bodies that cross whole, in both directions, of all calls under way. */
  readonly heldBytes: number;
  /** Connections to one origin. */
  readonly connectionsPerOrigin: number;
}

export const defaultFetchLimits: FetchLimits = {
  concurrent: 64,
  waiting: 1024,
  timeoutMs: 30_000,
  connectTimeoutMs: 10_000,
  headWaitMs: 5,
  requestBytes: 10 * 2 ** 20,
  responseBytes: 10 * 2 ** 20,
  responseHeadBytes: 16 * 2 ** 10,
  heldBytes: 32 * 2 ** 20,
  connectionsPerOrigin: 16,
};

/** Bytes that cross to the guest at once. */
export const partBytes = 64 * 2 ** 10;

/** As in the fetch standard the count is fixed; it allows 20, of which nobody uses more than a few. */
export const mostRedirects = 10;

/** Fields of one request, and of one response. */
export const mostFields = 200;
