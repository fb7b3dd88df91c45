/**
 * Runs in every QuickJS guest before anything else. It takes away what the guests of other engines
 * do not have, and makes what C cannot: typed arrays. Its value is a function of the host function
 * and the memory of the progress counter; the two never get further than its closures.
 */
export const prelude = {
  name: "prelude",
  code: `(function () {
  "use strict";
  const { apply, construct, getOwnPropertyDescriptor } = Reflect;
  const Bytes = Uint8Array;
  const Words = Int32Array;
  const Text = String;
  const cut = Text.prototype.slice;
  const bufferOf = getOwnPropertyDescriptor(Object.getPrototypeOf(Bytes.prototype), "buffer").get;
  const NativeBuffer = ArrayBuffer;

  delete globalThis.SharedArrayBuffer;
  delete globalThis.Atomics;
  delete globalThis.InternalError;

  // Buffers that can be resized are not to be had on every engine.
  const { prototype } = NativeBuffer;
  delete prototype.resize;
  delete prototype.resizable;
  delete prototype.maxByteLength;
  const FixedBuffer = function ArrayBuffer(length) {
    if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'");
    return construct(NativeBuffer, [length], new.target);
  };
  const define = (target, key, descriptor) => Object.defineProperty(target, key, descriptor);
  define(FixedBuffer, "prototype", { value: prototype, writable: false });
  define(FixedBuffer, "isView", getOwnPropertyDescriptor(NativeBuffer, "isView"));
  define(FixedBuffer, Symbol.species, getOwnPropertyDescriptor(NativeBuffer, Symbol.species));
  define(prototype, "constructor", { value: FixedBuffer, writable: true, configurable: true });
  define(globalThis, "ArrayBuffer", { value: FixedBuffer, writable: true, configurable: true });

  return function (hostFunction, counter) {
    return [
      function host(op, id, text, bytes) {
        const answer =
          bytes === undefined
            ? hostFunction(op, id, text)
            : hostFunction(op, id, text, apply(bufferOf, new Bytes(bytes), []));
        return typeof answer === "object" ? new Bytes(answer) : answer;
      },
      new Words(counter),
      function dispatchBytes(entry, text, buffer) {
        return entry.dispatch(text, new Bytes(buffer));
      },
      function describe(error) {
        try {
          const shown = Text(error) + "\\n" + Text((error && error.stack) || "");
          return apply(cut, shown, [0, 4000]);
        } catch {
          return "an error that cannot be shown";
        }
      },
    ];
  };
})()`,
};
