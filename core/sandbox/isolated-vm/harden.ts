/**
 * Runs in a new context before anything else and takes away what would let a guest pass its limits
 * or look behind its own code. Script text, because it runs inside the isolate.
 *
 * - `WebAssembly`, `SharedArrayBuffer` and resizable ArrayBuffers hold memory that the memory limit of an
 *   isolate does not count; `Atomics.wait` would block the thread.
 * - Callbacks of a `FinalizationRegistry` run as tasks of the isolate, outside of any entry.
 * - `Error.prepareStackTrace` is handed call sites, and with them functions of frames it did not make.
 * - `console` is the inspector's; the runtime brings its own.
 *
 * `ArrayBuffer` is replaced because its constructor makes resizable buffers; all ways to the
 * original lead through `ArrayBuffer.prototype.constructor`, which is replaced with it.
 */
export const hardenScript = `"use strict";
const sharedPrototype = SharedArrayBuffer.prototype;
for (const name of ["constructor", "grow", "growable", "maxByteLength"]) delete sharedPrototype[name];
for (const name of ["WebAssembly", "SharedArrayBuffer", "Atomics", "FinalizationRegistry", "console"]) {
  delete globalThis[name];
}

const { construct, defineProperty } = Reflect;
const Original = ArrayBuffer;
const prototype = Original.prototype;
for (const name of ["resize", "resizable", "maxByteLength"]) delete prototype[name];

function FixedArrayBuffer(length) {
  if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'");
  return construct(Original, [length], new.target);
}
const hidden = (value) => ({ value, writable: true, enumerable: false, configurable: true });
defineProperty(FixedArrayBuffer, "name", { value: "ArrayBuffer", configurable: true });
defineProperty(FixedArrayBuffer, "prototype", { value: prototype, writable: false });
defineProperty(FixedArrayBuffer, "isView", hidden(Original.isView));
defineProperty(FixedArrayBuffer, Symbol.species, { get() { return this; }, configurable: true });
defineProperty(prototype, "constructor", hidden(FixedArrayBuffer));
defineProperty(globalThis, "ArrayBuffer", hidden(FixedArrayBuffer));

// Libraries assign to it: that is ignored, not refused.
defineProperty(Error, "prepareStackTrace", { get: undefined, set() {}, configurable: false });
`;
