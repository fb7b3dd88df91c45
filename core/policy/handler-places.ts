/** Where a plugin's handlers begin: the place of a fault of which nothing closer is known. */

import { functionNames } from "../../sdk/runtime/message.ts";
import type { GuestScript } from "../sandbox/engine.ts";
import type { Manifest } from "./manifest.ts";

/** By name of the handler: a frame as stack traces have them. */
export type HandlerFrames = ReadonlyMap<string, string>;

/**
 * Looks for the texts that a plugin's functions have in its compiled script. What was made by the engine, as a bound function
 * is, has none there.
 *
 * @param sources as a guest says; any other text of it only leads to another place in its own script
 */
export function handlerFrames(script: GuestScript, sources: Manifest["sources"]): HandlerFrames {
  const frames = new Map<string, string>();
  for (const name of functionNames) {
    const source: unknown = Object.hasOwn(sources, name) ? sources[name] : "";
    const start = typeof source === "string" && source !== "" ? script.code.indexOf(source) : -1;
    if (start >= 0) frames.set(name, `    at ${name} (${script.name}:${positionOf(script.code, start)})`);
  }
  return frames;
}

function positionOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `${line}:${offset - before.lastIndexOf("\n")}`;
}
