import { guestGlobals } from "../../sdk/runtime/global-names.ts";

/**
 * What ECMAScript itself gives on every engine. All other globals of the host stay out of a plugin's
 * sight, also those that a later version of the host adds.
 */
const language = new Set(
  `AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
  Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array
  Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol
  SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet
  decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval isFinite isNaN parseFloat parseInt undefined
  unescape`.split(/\s+/),
);

/** Names that hosts give to modules without a global of that name, or that only some engine has. */
const everywhere =
  `__dirname __filename exports global module process require window Atomics Buffer FinalizationRegistry Intl
  SharedArrayBuffer Temporal WebAssembly`.split(/\s+/);

export interface ScriptFrame {
  readonly banner: string;
  readonly footer: string;
}

/**
 * What stands around a plugin's bundle. The whole is one expression, a function `(globals) => exports`:
 * the guest's globals are its constants, and the names of the host's are there and undefined. So the
 * same text sees the same names on every engine, in the host's own realm too.
 *
 * @param result the variable that the bundle leaves its exports in
 */
export function pluginFrame(result: string): ScriptFrame {
  const names = guestGlobals.join(", ");
  return {
    banner: `(function ($sluice) { "use strict"; const { ${names} } = $sluice; let ${hostNames().join(", ")};`,
    footer: `return ${result}; })`,
  };
}

/**
 * What stands around the runtime's bundle: an expression whose value is one of the exports, and
 * nothing becomes a global of the guest.
 */
export function runtimeFrame(result: string, exported: string): ScriptFrame {
  return { banner: '(function () { "use strict";', footer: `return ${result}.${exported}; })()` };
}

/** Globals of this host that are no guest's, in a fixed order. */
function hostNames(): string[] {
  const names = new Set(everywhere);
  let object: object | null = globalThis;
  while (object !== null && object !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(object)) names.add(name);
    object = Object.getPrototypeOf(object);
  }
  const given: ReadonlySet<string> = new Set(guestGlobals);
  return [...names].filter((name) => isHidden(name) && !given.has(name)).sort();
}

function isHidden(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== "constructor" && !language.has(name);
}
