/** What `discover` gets, and its answer in words. */

import type { GuestExchange } from "./exchange.ts";
import { type EndpointText, mostDiscovered } from "./message.ts";
import { type PluginHost, pluginHost } from "./setup-host.ts";
import type { AbortSignal } from "./web/abort.ts";

// As it was before the plugin ran.
const { stringify } = JSON;

export interface DiscoverHost extends PluginHost {
  readonly cluster: string;
  readonly signal: AbortSignal;
}

/** JSON that the host reads, in code units. */
const longestAnswer = 500_000;
const keys: readonly string[] = ["address", "weight", "zone", "priority"];

export function discoverHost(exchange: GuestExchange, cluster: string): DiscoverHost {
  return {
    ...pluginHost(exchange.instance.setup),
    cluster,
    get signal() {
      return exchange.signal;
    },
  };
}

/**
 * The endpoints as JSON. The host checks what is in them.
 *
 * @throws TypeError for what is no list of endpoints, RangeError for one that is too long
 */
export function endpointsText(list: unknown): string {
  if (!Array.isArray(list))
    throw new TypeError(`discover returned ${kindOf(list)}: expected a list of endpoints`);
  if (list.length > mostDiscovered)
    throw new RangeError(`discover returned ${list.length} endpoints: expected at most ${mostDiscovered}`);
  const text = stringify(list.map(endpointText));
  if (text.length > longestAnswer)
    throw new RangeError(`discover returned ${text.length} characters: expected at most ${longestAnswer}`);
  return text;
}

function endpointText(endpoint: unknown, index: number): EndpointText {
  if (typeof endpoint === "string") return [endpoint, null, null, null];
  if (typeof endpoint !== "object" || endpoint === null)
    throw new TypeError(`discover returned ${kindOf(endpoint)} as endpoint ${index}: expected { address }`);
  for (const key of Object.keys(endpoint)) {
    if (!keys.includes(key))
      throw new TypeError(
        `discover returned endpoint ${index} with ${key}: expected ${keys.join(", ")} alone`,
      );
  }
  const { address, weight, zone, priority } = endpoint as Record<string, unknown>;
  return [address, plain(weight), plain(zone), plain(priority)];
}

/** JSON has no NaN and would make null of it, which stands for nothing said. */
function plain(value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : (value ?? null);
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;
}
