import { DOMException } from "./web/dom-exception.ts";

/** Name that stack traces show for the runtime itself. */
export const runtimeScript = "sluice:runtime";

/** Frames that are a plugin's, or the language's own between them. */
const shownFrame = /^\s+at .*(?:sluice:plugin\/|\((?:<anonymous>|native)\)$)/;

/** A stack beyond this many code units is cut. */
const longestStack = 8192;
/** A chain of prototypes is not followed further. */
const mostPrototypes = 100;

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply } = Reflect;
/** V8 keeps the stack behind a getter of its own. */
const getStack = getOwnPropertyDescriptor(new Error(), "stack")?.get;
const domName = getOwnPropertyDescriptor(DOMException.prototype, "name")!.get!;

/** Name, message and stack of an error, without the frames of runtime and host; runs no getters of the plugin. */
export function errorText(error: Error): string {
  return [errorHead(error), ...frames(error)].join("\n");
}

/** The same without the stack. */
export function errorHead(error: Error): string {
  const message = dataProperty(error, "message");
  return errorName(error) + (typeof message === "string" && message !== "" ? `: ${message}` : "");
}

function errorName(error: Error): string {
  if (error instanceof DOMException) return apply(domName, error, []) as string;
  const name = dataProperty(error, "name");
  return typeof name === "string" && name !== "Error" ? name : (className(error) ?? "Error");
}

/** The lines of its stack that are frames: V8 puts the message before them, QuickJS does not. */
function frames(error: Error): string[] {
  const stack = stackOf(error);
  if (typeof stack !== "string") return [];
  const lines = stack.slice(0, longestStack).split("\n");
  return lines.filter((line) => shownFrame.test(line));
}

/** What an engine wrote down, or the plugin in its place; undefined for one that is computed. */
export function stackOf(error: Error): unknown {
  const found = getOwnPropertyDescriptor(error, "stack");
  const isNative = found?.get !== undefined && found.get === getStack;
  return isNative ? apply(getStack!, error, []) : found?.value;
}

/** The name of the class of an object; null for an object without a prototype. */
export function className(value: object): string | null {
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === null) return null;
  const made = dataProperty(prototype, "constructor");
  if (typeof made !== "function") return "Object";
  const name = getOwnPropertyDescriptor(made, "name")?.value;
  return typeof name === "string" && name !== "" ? name : "Object";
}

/** The value of a property here or up the chain, unless it is computed. */
function dataProperty(from: object, key: string): unknown {
  let holder: object | null = from;
  for (let steps = 0; holder !== null && steps < mostPrototypes; steps++) {
    const found = getOwnPropertyDescriptor(holder, key);
    if (found !== undefined) return found.value;
    holder = getPrototypeOf(holder) as object | null;
  }
  return undefined;
}
