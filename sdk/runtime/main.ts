/** The guest's side of the boundary: what an engine evaluates in every guest before the plugin. */
import { bindCounters } from "./counters.ts";
import { Dispatcher } from "./dispatch.ts";
import { describeFault } from "./fault.ts";
import { installGlobals, separateGlobals } from "./globals.ts";
import { bindErrors, bindHost } from "./host.ts";
import { makeHostError } from "./host-error.ts";
import type { Definition } from "./instance.ts";
import { levelLanguage } from "./language.ts";
import { logFault } from "./log.ts";
import type { MessagePart } from "./message.ts";
import { bindReport } from "./report-error.ts";
import { bindTimers } from "./web/timers.ts";

// As it was before the plugin ran.
const { stringify } = JSON;

type HostFunction = Parameters<typeof bindHost>[0];

/** Called once by the engine; see `GuestStart` in core/sandbox/engine.ts. */
export function start(
  host: HostFunction,
  realm: "own" | "shared",
  progress: Int32Array,
  counters?: Parameters<typeof bindCounters>[0],
): object {
  bindHost(host);
  if (counters !== undefined) bindCounters(counters);
  bindErrors(makeHostError);
  bindReport(logFault);
  bindTimers(() => progress[0]!++);
  if (realm === "own") levelLanguage();
  const globals = realm === "own" ? installGlobals() : separateGlobals();
  const dispatcher = new Dispatcher(progress);
  return {
    load(plugin: (globals: object) => unknown): string {
      try {
        dispatcher.define(definitionOf(plugin(globals)));
        return "";
      } catch (error) {
        return stringify(describeFault(error));
      }
    },
    dispatch: (text: string, bytes: Uint8Array | undefined) => dispatcher.dispatch(text, bytes),
    dispatchParts: (parts: readonly MessagePart[]) => dispatcher.dispatchParts(parts, undefined),
  };
}

function definitionOf(exports: unknown): Definition {
  const definition = (exports as { default?: unknown } | null)?.default;
  const isObject = typeof definition === "object" && definition !== null;
  const isPromise = isObject && typeof (definition as { then?: unknown }).then === "function";
  if (isObject && !isPromise) return definition;
  const kind = isPromise ? "promise" : typeof definition;
  const found = definition === undefined ? "no default export" : `a default export that is a ${kind}`;
  throw new TypeError(
    `Cannot use the plugin: expected \`export default definePlugin({ ... })\`, found ${found}`,
  );
}
