import { runtimeScript } from "./error-text.ts";

/** How V8 and QuickJS write a frame: `at name (script:line:column)` or `at script:line:column`. */
const location = /^\s*at (?:.*\(|async )?([^()]+:\d+:\d+)\)?\s*$/;

/** Frames that are looked through; a plugin's own name for a function can be long. */
const mostFrames = 20;
const longestPosition = 300;

/**
 * The place in the plugin that called the runtime, as `script:line:column`; empty when the stack
 * does not show it.
 */
export function callerPosition(): string {
  const { stack } = new Error();
  if (typeof stack !== "string") return "";
  for (const line of stack.split("\n", mostFrames)) {
    const place = location.exec(line)?.[1];
    if (place === undefined || place.startsWith(runtimeScript)) continue;
    return place.length > longestPosition ? "" : place;
  }
  return "";
}
