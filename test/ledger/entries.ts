/** What both ends of a ledger run write down; plain data, it crosses threads. */

/** How a request ended, as its client saw it. */
export type Outcome =
  /** Its own response, whole. */
  | "right"
  /** A problem document of the proxy that names this request. */
  | "refused"
  /** A response that visibly broke off, or a connection that was reset in its place. */
  | "broken"
  /** Sent behind a request whose response ended the connection. */
  | "unanswered"
  /** The client itself went away. */
  | "aborted"
  /** Anything else: a fault of the proxy. */
  | "wrong";

export interface ClientEntry {
  readonly id: string;
  readonly outcome: Outcome;
  /** What was wrong, or the code of the proxy's error. */
  readonly detail: string;
}

/** One arrival of a request at an endpoint. */
export interface Delivery {
  readonly id: string;
  readonly method: string;
  /** Faults that the endpoint committed on it. */
  readonly fault: string;
  /** What the endpoint found wrong with it; empty when nothing. */
  readonly violation: string;
}

/** Methods that may be sent twice (RFC 9110 section 9.2.2). */
export const idempotentMethods: readonly string[] = ["GET", "HEAD", "PUT", "DELETE"];
export const otherMethods: readonly string[] = ["POST", "PATCH"];
