import type { DiscoveredEndpoint } from "../config/traffic-model.ts";
import { isSameList, mostEndpoints, normalise } from "./normalise.ts";
import { ProblemBook } from "./problem-book.ts";
import type { DiscoveryListener, DiscoverySource } from "./source.ts";

/**
 * Starts a source and tells of a list only when its set of endpoints is another one than before: see `normalise`.
 * A list with nothing usable in it, though it is not empty, is no answer.
 *
 * @param name how lines for the operator begin: see `describe`
 * @example
 * const watch = watchDiscovery("dns api.internal:80", createSource(config), listener);
 * watch.close();
 */
export function watchDiscovery(
  name: string,
  source: DiscoverySource,
  listener: DiscoveryListener,
): { close(): void } {
  const book = new ProblemBook(name, listener);
  let latest: readonly DiscoveredEndpoint[] | null = null;
  let isClosed = false;

  function look(list: readonly DiscoveredEndpoint[]): void {
    const { endpoints, unusable, surplus } = normalise(list);
    if (unusable > 0)
      book.add({
        kind: "unusable",
        message: `${unusable} of ${list.length} endpoints have no usable host, port, weight or priority`,
      });
    if (surplus > 0)
      book.add({
        kind: "too-large",
        message: `found ${mostEndpoints + surplus} endpoints, of which the first ${mostEndpoints} are taken`,
      });
    if (unusable === 0 && surplus === 0) book.close();
    if (endpoints.length === 0 && unusable > 0) return;
    if (latest !== null && isSameList(latest, endpoints)) return;
    latest = endpoints;
    listener.onEndpoints(endpoints);
  }

  source.start({
    onEndpoints(list) {
      if (!isClosed) look(list);
    },
    onProblem(message) {
      if (!isClosed) listener.onProblem(message);
    },
    onRecovery(message) {
      if (isClosed) return;
      if (listener.onRecovery === undefined) listener.onProblem(message);
      else listener.onRecovery(message);
    },
  });
  return {
    close() {
      isClosed = true;
      source.close();
    },
  };
}
