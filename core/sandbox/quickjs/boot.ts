import { GuestFault, type GuestOptions } from "../engine.ts";
import type { Pointer } from "./build.ts";
import { GuestError, type Machine } from "./machine.ts";
import { prelude } from "./prelude.ts";

/** The functions of a guest that the host calls. */
export interface Entry {
  readonly object: Pointer;
  /** `(text, undefined)`, of the object. */
  readonly dispatch: Pointer;
  /** `(object, text, buffer)`. */
  readonly dispatchBytes: Pointer;
  /** `()`; frees garbage in cycles. */
  readonly collect: Pointer;
}

/**
 * Starts the runtime in a fresh machine and runs the plugin's top level.
 *
 * @throws GuestFault when the plugin fails, GuestError when the runtime does
 */
export function boot(machine: Machine, { runtime, plugin }: GuestOptions): Entry {
  const connect = machine.evaluate(prelude.code, prelude.name);
  const tools = machine.call(connect, machine.undefined, machine.newHostFunction(), machine.newCounter());
  const [host, progress, dispatchBytes, describe, collect] = [0, 1, 2, 3, 4].map((index) =>
    machine.element(tools, index),
  ) as [Pointer, Pointer, Pointer, Pointer, Pointer];
  machine.describeErrorsBy(describe);

  const start = machine.evaluate(runtime.code, runtime.name);
  const object = machine.call(start, machine.undefined, host, machine.heap.newText("own"), progress);
  const load = machine.property(object, "load");
  const problem = machine.takeText(machine.call(load, object, evaluatePlugin(machine, plugin)));
  if (problem !== "") throw new GuestFault("load", problem);
  return { object, dispatch: machine.property(object, "dispatch"), dispatchBytes, collect };
}

function evaluatePlugin(machine: Machine, { code, name }: GuestOptions["plugin"]): Pointer {
  try {
    return machine.evaluate(code, name);
  } catch (error) {
    throw error instanceof GuestError ? new GuestFault("load", error.message) : error;
  }
}
