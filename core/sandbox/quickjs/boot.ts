import { GuestFault, type GuestScript } from "../engine.ts";
import type { Pointer } from "./build.ts";
import { GuestError, type Machine } from "./machine.ts";
import { prelude } from "./prelude.ts";

/** The runtime's object, and the functions of a guest that the host calls. */
export interface Entry {
  readonly object: Pointer;
  readonly load: Pointer;
  /** `(text, undefined)`, of the object. */
  readonly dispatch: Pointer;
  /** `(object, text, buffer)`. */
  readonly dispatchBytes: Pointer;
  /** `(error)`; tells it. */
  readonly describe: Pointer;
  /** `()`; frees garbage in cycles. */
  readonly collect: Pointer;
}

/**
 * Starts the runtime in a fresh machine.
 *
 * @throws GuestError
 */
export function startRuntime(machine: Machine, { code, name }: GuestScript): Entry {
  const connect = machine.evaluate(prelude.code, prelude.name);
  const { host: hostFunction, counter, seed } = machine.newHostSide();
  const tools = machine.call(connect, machine.undefined, hostFunction, counter, seed);
  const tool = (index: number) => machine.element(tools, index);
  const describe = tool(3);
  machine.describeErrorsBy(describe);

  const start = machine.evaluate(code, name);
  const object = machine.call(start, machine.undefined, tool(0), machine.heap.newText("own"), tool(1));
  return {
    object,
    load: machine.property(object, "load"),
    dispatch: machine.property(object, "dispatch"),
    dispatchBytes: tool(2),
    describe,
    collect: tool(4),
  };
}

/**
 * Runs the top level of the plugin.
 *
 * @throws GuestFault when it fails
 */
export function loadPlugin(machine: Machine, { object, load }: Entry, plugin: GuestScript): void {
  const problem = machine.takeText(machine.call(load, object, evaluatePlugin(machine, plugin)));
  if (problem !== "") throw new GuestFault("load", problem);
}

function evaluatePlugin(machine: Machine, { code, name }: GuestScript): Pointer {
  try {
    return machine.evaluate(code, name);
  } catch (error) {
    throw error instanceof GuestError ? new GuestFault("load", error.message) : error;
  }
}
