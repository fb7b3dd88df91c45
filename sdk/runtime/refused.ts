import { stackOf } from "./error-text.ts";

/** How names of scripts of plugins begin. */
const pluginScripts = "sluice:plugin/";
/** V8 alone has it, and finds the functions that await the one that calls it. */
const { captureStackTrace } = Error as { captureStackTrace?: (error: object) => void };
const { deleteProperty } = Reflect;

/**
 * For the `catch` of an asynchronous function that the plugin calls: what came of the host, or of a timer, does not say
 * where in the plugin that was. QuickJS writes a stack that is missing where the error is thrown next, so it is
 * not thrown here.
 *
 * @example
 * try { return await answer } catch (error) { return refused(error) }
 */
export function refused(error: unknown): Promise<never> {
  try {
    if (error instanceof Error && !showsPlugin(error)) {
      if (captureStackTrace === undefined) deleteProperty(error, "stack");
      else captureStackTrace(error);
    }
  } catch {
    // It is the plugin's own, and frozen, or pretends to be an error.
  }
  return Promise.reject(error);
}

function showsPlugin(error: Error): boolean {
  const stack = stackOf(error);
  return typeof stack === "string" && stack.includes(pluginScripts);
}
