import type { Engine } from "../engine.ts";
import { QuickJsGuest } from "./guest.ts";

/**
 * Runs plugins in QuickJS inside WebAssembly: an interpreter, slower than a JIT, whose memory cannot
 * outgrow its limit and whose breakdown is an exception. Time is bounded wherever QuickJS asks about
 * it; a few long operations in native code do not ask (test/sandbox/quickjs/native.test.ts lists
 * them) and are left to the supervisor.
 *
 * @example
 * const guest = await createQuickJsEngine().create({ name, runtime, plugin, limits, host });
 * const reply = guest.dispatch(text);
 */
export function createQuickJsEngine(): Engine {
  return { name: "quickjs", create: (options) => QuickJsGuest.create(options) };
}
