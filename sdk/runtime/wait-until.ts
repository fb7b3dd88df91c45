import type { GuestExchange } from "./exchange.ts";
import { reportError } from "./report-error.ts";

let open = 0;

/** Work that goes on after its exchange. What it throws is reported, because nobody else sees it. */
export function keepGoing(promise: PromiseLike<unknown>, exchange: GuestExchange): void {
  if (typeof promise === "function") throw new TypeError("Cannot wait: expected a promise, found a function");
  open++;
  Promise.resolve(promise).then(onDone, (error) => {
    onDone();
    reportError(error, exchange);
  });
}

function onDone(): void {
  open--;
}

/** How much of it is not done. */
export function openWork(): number {
  return open;
}
