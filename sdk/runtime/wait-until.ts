import type { GuestExchange } from "./exchange.ts";
import { reportError } from "./report-error.ts";

/** Work that goes on after its exchange. What it throws is reported, because nobody else sees it. */
export function keepGoing(promise: PromiseLike<unknown>, exchange: GuestExchange): void {
  if (typeof promise === "function") throw new TypeError("Cannot wait: expected a promise, found a function");
  Promise.resolve(promise).then(undefined, (error) => reportError(error, exchange));
}
