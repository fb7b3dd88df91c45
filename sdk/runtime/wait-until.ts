import { reportError } from "./report-error.ts";

/** Work that goes on after its exchange. What it throws is reported, because nobody else sees it. */
export function keepGoing(promise: PromiseLike<unknown>): void {
  Promise.resolve(promise).then(undefined, reportError);
}
