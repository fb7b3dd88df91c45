import { Headers } from "../../../sdk/runtime/headers.ts";
import { Response } from "../../../sdk/runtime/response.ts";
import { ReadableStream } from "../../../sdk/runtime/streams/readable-stream.ts";
import { DOMException } from "../../../sdk/runtime/web/dom-exception.ts";
import { structuredClone } from "../../../sdk/runtime/web/structured-clone.ts";
import { equal, ok, same, suite, throws } from "./check.ts";

export const { checks, check } = suite();

check("primitives are themselves, symbols and functions are refused", () => {
  for (const value of [1, Number.NaN, -0, "a", true, null, undefined, 10n])
    equal(structuredClone(value), value);
  throws("DataCloneError", () => structuredClone(Symbol("x")));
  throws("DataCloneError", () => structuredClone({ a: [() => {}] }));
  throws("DataCloneError", () => structuredClone(Object(Symbol("x"))));
});

check("objects and arrays are copied, with holes, extra properties and cycles", () => {
  const original: Record<string, unknown> = {
    a: { b: Object.assign(new Array(3), { 0: 1, 2: 3 }) },
    u: undefined,
  };
  original["self"] = original;
  original["again"] = original["a"];
  const copy = structuredClone(original) as typeof original & { a: { b: number[] } };
  ok(copy !== original && copy.a !== original["a"], "new objects");
  equal(copy["self"], copy);
  equal(copy["again"], copy.a);
  same([copy.a.b.length, 1 in copy.a.b, "u" in copy], [3, false, true]);
  const list = Object.assign([1], { extra: 2 });
  equal(structuredClone(list).extra, 2);
});

check("Map, Set, Date, RegExp, boxed values and errors keep their kind", () => {
  const key = { k: 1 };
  const map = structuredClone(new Map([[key, new Set([key])]]));
  const [[newKey, set]] = [...map] as [[object, Set<object>]];
  ok(newKey !== key && set.has(newKey), "one copy of the key");
  equal(structuredClone(new Date(5)).getTime(), 5);
  const pattern = Object.assign(/a\/b/gi, { lastIndex: 3 });
  const copied = structuredClone(pattern);
  same([copied.source, copied.flags, copied.lastIndex], ["a\\/b", "gi", 0]);
  for (const value of [Object(1), Object("a"), Object(false), Object(2n)]) {
    const copy = structuredClone(value) as object;
    same([typeof copy, String(copy), copy === value], ["object", String(value), false]);
  }
  const error = structuredClone(new RangeError("far", { cause: key }));
  same(
    [error instanceof RangeError, error.name, error.message, error.cause],
    [true, "RangeError", "far", key],
  );
  class Own extends TypeError {
    extra = 1;
  }
  const own = structuredClone(new Own("x"));
  same([own.constructor === TypeError, "extra" in own], [true, false]);
  const dom = structuredClone(new DOMException("late", "TimeoutError"));
  same([dom instanceof DOMException, dom.name, dom.message], [true, "TimeoutError", "late"]);
});

check("classes and getters become plain objects with values", () => {
  class Point {
    x = 1;
    #hidden = 2;
    get sum() {
      return this.x + this.#hidden;
    }
  }
  const copy = structuredClone(new Point());
  same([Object.getPrototypeOf(copy) === Object.prototype, copy.x, copy.sum], [true, 1, undefined]);
  equal(
    structuredClone({
      get computed() {
        return 7;
      },
    }).computed,
    7,
  );
  const hidden = Object.defineProperty({}, "no", { value: 1, enumerable: false });
  same(structuredClone({ ...hidden, [Symbol("s")]: 1 }), {});
});

check("what a class says about itself does not decide what it is", () => {
  const fake = Object.create(Map.prototype) as object;
  equal(Object.getPrototypeOf(structuredClone(fake)), Object.prototype);
  const disguised = Object.setPrototypeOf(new Map([[1, 2]]), { own: true }) as Map<number, number>;
  equal(Map.prototype.get.call(structuredClone(disguised), 1), 2);
});

check("a key named __proto__ is a key", () => {
  const copy = structuredClone(JSON.parse('{"__proto__":{"polluted":1}}')) as { polluted?: number };
  same([Object.hasOwn(copy, "__proto__"), copy.polluted], [true, undefined]);
});

check("buffers and their views are copied together", () => {
  const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
  const copy = structuredClone({ a: new Uint8Array(buffer, 1, 2), b: new DataView(buffer, 2), c: buffer });
  same(
    [[...copy.a], copy.b.getUint8(0), copy.a.buffer === copy.c, copy.c === buffer],
    [[2, 3], 3, true, false],
  );
  copy.a[0] = 9;
  equal(new Uint8Array(buffer)[1], 2);
  class Named extends Uint16Array {}
  equal(structuredClone(new Named([1])).constructor, Uint16Array);
});

check("a transferred buffer is empty here and full there", () => {
  const buffer = new Uint8Array([1, 2]).buffer;
  const copy = structuredClone({ buffer, view: new Uint8Array(buffer) }, { transfer: [buffer] });
  same([buffer.byteLength, [...copy.view], copy.view.buffer === copy.buffer], [0, [1, 2], true]);
  throws("DataCloneError", () => structuredClone(buffer));
  throws("DataCloneError", () => structuredClone(1, { transfer: [buffer] }));
  throws("DataCloneError", () => structuredClone(1, { transfer: [{}] }));
  const twice = new ArrayBuffer(1);
  throws("DataCloneError", () => structuredClone(1, { transfer: [twice, twice] }));
  throws("DataCloneError", () => structuredClone(() => {}, { transfer: [twice] }));
  equal(twice.byteLength, 1);
});

check("objects of the runtime and of the engine are refused", () => {
  const values = [
    new Headers(),
    new Response(),
    new ReadableStream(),
    Promise.resolve(),
    new WeakMap(),
    new WeakRef({}),
  ];
  for (const value of values) throws("DataCloneError", () => structuredClone({ value }));
});

check("depth costs no stack", () => {
  let deep: unknown = "end";
  for (let n = 0; n < 50_000; n++) deep = { deep };
  let copy = structuredClone(deep);
  while (typeof copy === "object") copy = (copy as { deep: unknown }).deep;
  equal(copy, "end");
});
