/**
 * Runs in every QuickJS guest before anything else. It takes away what the guests of other engines
 * do not have, and makes what C cannot: typed arrays. Its value is a function of the host function
 * and the memory of the progress counter and of the state of Math.random; none of them gets further
 * than its closures.
 */
export const prelude = {
  name: "prelude",
  code: `(function () {
  "use strict";
  const { apply, construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const Bytes = Uint8Array;
  const Words = Int32Array;
  const Text = String;
  const cut = Text.prototype.slice;
  const Weak = WeakRef;
  const { deref } = Weak.prototype;
  const NativeBuffer = ArrayBuffer;
  const sliceBuffer = NativeBuffer.prototype.slice;
  const viewPrototype = Object.getPrototypeOf(Bytes.prototype);
  const getBuffer = getOwnPropertyDescriptor(viewPrototype, "buffer").get;
  const getStart = getOwnPropertyDescriptor(viewPrototype, "byteOffset").get;
  const getLength = getOwnPropertyDescriptor(viewPrototype, "byteLength").get;
  const getBufferLength = getOwnPropertyDescriptor(NativeBuffer.prototype, "byteLength").get;

  function bufferOf(view) {
    const buffer = apply(getBuffer, view, []);
    const length = apply(getLength, view, []);
    if (length === apply(getBufferLength, buffer, [])) return buffer;
    const start = apply(getStart, view, []);
    return apply(sliceBuffer, buffer, [start, start + length]);
  }

  // What ends recursion is a RangeError on other engines.
  const { prototype: internalError } = InternalError;
  for (const name of ["constructor", "name", "message"]) delete internalError[name];
  Object.setPrototypeOf(internalError, RangeError.prototype);

  for (const name of ["SharedArrayBuffer", "Atomics", "FinalizationRegistry", "InternalError"]) {
    delete globalThis[name];
  }

  // Buffers that can be resized are not to be had on every engine.
  const { prototype } = NativeBuffer;
  delete prototype.resize;
  delete prototype.resizable;
  delete prototype.maxByteLength;
  const FixedBuffer = function ArrayBuffer(length) {
    if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'");
    return construct(NativeBuffer, [length], new.target);
  };
  const hidden = (value) => ({ value, writable: true, enumerable: false, configurable: true });
  defineProperty(FixedBuffer, "prototype", { value: prototype, writable: false });
  defineProperty(FixedBuffer, "isView", hidden(NativeBuffer.isView));
  defineProperty(FixedBuffer, Symbol.species, { get() { return this; }, configurable: true });
  defineProperty(prototype, "constructor", hidden(FixedBuffer));
  defineProperty(globalThis, "ArrayBuffer", hidden(FixedBuffer));

  function describe(error) {
    try {
      const shown = Text(error) + "\\n" + Text((error && error.stack) || "");
      return apply(cut, shown, [0, 4000]);
    } catch {
      return "an error that cannot be shown";
    }
  }

  // Garbage in cycles is looked for when there are half as many blocks again as after the last time.
  // So more of it is made until some of it is gone; nothing of it may live on and count the next time.
  function makeGarbage() {
    const garbage = {};
    garbage.itself = garbage;
    return garbage;
  }
  function collect() {
    const witness = new Weak(makeGarbage());
    for (let round = 0; round < 1000 && apply(deref, witness, []) !== undefined; round++) {
      for (let n = 0; n < 200; n++) makeGarbage();
    }
    return "";
  }

  return function (hostFunction, counter, seed) {
    const state = new Words(seed);
    const { random } = { random() {
      const oldest = state[0] ^ (state[0] << 11);
      state[0] = state[1];
      state[1] = state[2];
      state[2] = state[3];
      state[3] ^= (state[3] >>> 19) ^ oldest ^ (oldest >>> 8);
      return ((state[3] >>> 0) * 2097152 + (state[2] >>> 11)) / 9007199254740992;
    } };
    defineProperty(Math, "random", hidden(random));
    return [
      function host(op, id, text, bytes) {
        const answer =
          bytes === undefined
            ? hostFunction(op, id, text)
            : hostFunction(op, id, text, bufferOf(bytes));
        return typeof answer === "object" ? new Bytes(answer) : answer;
      },
      new Words(counter),
      function dispatchBytes(entry, text, buffer) {
        return entry.dispatch(text, new Bytes(buffer));
      },
      describe,
      collect,
    ];
  };
})()`,
};
