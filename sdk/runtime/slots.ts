/**
 * What an object really is, whatever its prototype says: the methods that look at internal slots,
 * as they were before any plugin ran.
 */
const { apply } = Reflect;
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;

/** What such a method says of a value; undefined when the value is of another kind. */
function reader<Result>(method: unknown): (value: object) => Result | undefined {
  return (value) => {
    try {
      return apply(method as () => Result, value, []);
    } catch {
      return undefined;
    }
  };
}

function getter(holder: object, key: string | symbol): unknown {
  return getOwnPropertyDescriptor(holder, key)?.get;
}

const typedArray = getPrototypeOf(Uint8Array.prototype) as object;

export const mapSize = reader<number>(getter(Map.prototype, "size"));
export const setSize = reader<number>(getter(Set.prototype, "size"));
export const dateTime = reader<number>(Date.prototype.getTime);
export const bufferLength = reader<number>(getter(ArrayBuffer.prototype, "byteLength"));
/** Name of the kind of typed array; also undefined for a DataView. */
export const typedArrayKind = reader<string>(getter(typedArray, Symbol.toStringTag));
export const typedArrayLength = reader<number>(getter(typedArray, "length"));
export const regExpSource = reader<string>(getter(RegExp.prototype, "source"));
export const regExpFlags = reader<string>(getter(RegExp.prototype, "flags"));

const boxed = [Boolean, Number, String, BigInt].map((type) => reader<unknown>(type.prototype.valueOf));

/** The primitive inside of `new Number(1)` and its like. */
export function boxedValue(value: object): unknown {
  for (const read of boxed) {
    const inside = read(value);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

const { forEach: forEachEntry } = Map.prototype;
const { forEach: forEachItem } = Set.prototype;

export function mapEntries(map: object): [key: unknown, value: unknown][] {
  const entries: [unknown, unknown][] = [];
  apply(forEachEntry, map, [(value: unknown, key: unknown) => entries.push([key, value])]);
  return entries;
}

export function setItems(set: object): unknown[] {
  const items: unknown[] = [];
  apply(forEachItem, set, [(item: unknown) => items.push(item)]);
  return items;
}
