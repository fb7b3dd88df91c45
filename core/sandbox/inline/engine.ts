import type { Engine } from "../engine.ts";
import { InlineGuest } from "./guest.ts";

/**
 * Runs plugins in the host's own realm, for built-ins and plugins that the operator trusts. It is
 * host code: no limit of time or memory holds, and all of the host is within reach.
 *
 * Microtasks are the host's as well, so `dispatch` returns before they have run: what a handler
 * comes to after an `await` arrives by a host call in a later microtask, where the other engines make
 * the same call before their `dispatch` returns.
 *
 * @example
 * const guest = await createInlineEngine().create({ name, runtime, plugin, limits, host });
 * const reply = guest.dispatch(text);
 */
export function createInlineEngine(): Engine {
  return { name: "inline", create: async (options) => new InlineGuest(options) };
}
