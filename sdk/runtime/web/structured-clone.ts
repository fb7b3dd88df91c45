/** `structuredClone` (HTML, "Safe passing of structured data") for the values that ECMAScript knows. */

import { Body } from "../body.ts";
import { Headers } from "../headers.ts";
import {
  boxedValue,
  bufferLength,
  dateTime,
  mapEntries,
  mapSize,
  regExpFlags,
  regExpSource,
  setItems,
  setSize,
  typedArrayKind,
  typedArrayLength,
} from "../slots.ts";
import { ReadableStream } from "../streams/readable-stream.ts";
import { TransformStream } from "../streams/transform-stream.ts";
import { WritableStream } from "../streams/writable-stream.ts";
import { URLSearchParams } from "../url/search-params.ts";
import { URL } from "../url/url.ts";
import { AbortController } from "./abort.ts";
import { DOMException } from "./dom-exception.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { Event, EventTarget } from "./event-target.ts";

const { apply } = Reflect;
const { getOwnPropertyDescriptor, getPrototypeOf, prototype: plainPrototype } = Object;
const { transfer } = ArrayBuffer.prototype;

/** Objects that hold more than their properties: a copy of those would be none of them. */
const refused: readonly (abstract new (...args: never[]) => object)[] = [
  Promise,
  WeakMap,
  WeakSet,
  WeakRef,
  Symbol as never,
  AbortController,
  Body,
  Event,
  EventTarget,
  Headers,
  ReadableStream,
  TextDecoder,
  TextEncoder,
  TransformStream,
  URL,
  URLSearchParams,
  WritableStream,
];

const errorTypes = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/**
 * A deep copy that keeps cycles, and the kinds of ECMAScript's own objects.
 *
 * @param options `transfer`: buffers that are emptied here once the copy has what they held
 * @throws DOMException `DataCloneError` for functions, symbols and objects of the runtime
 * @example structuredClone(new Map([["at", new Date(0)]])).get("at").getTime() // 0
 */
export function structuredClone<Value>(value: Value, options?: { transfer?: Iterable<unknown> }): Value {
  const given = [...(options?.transfer ?? [])];
  for (const [at, buffer] of given.entries()) {
    if (!isLiveBuffer(buffer) || given.indexOf(buffer) !== at) {
      throw cloneError("Only ArrayBuffers can be transferred, and each of them once");
    }
  }
  const copy = new Cloner().clone(value);
  for (const buffer of given) apply(transfer, buffer, [0]);
  return copy as Value;
}

/** Copies objects empty at first and fills them afterwards, so that depth costs no stack. */
class Cloner {
  private readonly copies = new Map<object, object>();
  private readonly unfilled: (() => void)[] = [];

  clone(value: unknown): unknown {
    const copy = this.of(value);
    for (let at = 0; at < this.unfilled.length; at++) this.unfilled[at]!();
    return copy;
  }

  private of(value: unknown): unknown {
    if (typeof value === "symbol") throw cloneError("A symbol cannot be cloned");
    if (typeof value === "function") throw cloneError("A function cannot be cloned");
    if (typeof value !== "object" || value === null) return value;
    const known = this.copies.get(value);
    if (known !== undefined) return known;
    const copy = this.object(value);
    this.copies.set(value, copy);
    return copy;
  }

  private object(value: object): object {
    if (Array.isArray(value)) return this.properties(value, new Array(value.length));
    const prototype = getPrototypeOf(value);
    if (prototype === plainPrototype || prototype === null) return this.properties(value, {});
    return this.ownKind(value) ?? this.leaf(value) ?? this.properties(value, {});
  }

  /** Objects that hold other values. */
  private ownKind(value: object): object | null {
    if (mapSize(value) !== undefined) return this.map(value);
    if (setSize(value) !== undefined) return this.set(value);
    if (ArrayBuffer.isView(value)) return this.view(value);
    if (value instanceof DOMException) return new DOMException(value.message, value.name);
    if (value instanceof Error) return this.error(value);
    return null;
  }

  private leaf(value: object): object | null {
    const time = dateTime(value);
    if (time !== undefined) return new Date(time);
    if (bufferLength(value) !== undefined) return copyBuffer(value as ArrayBuffer);
    const inside = boxedValue(value);
    if (inside !== undefined) return Object(inside);
    const source = regExpSource(value);
    if (source !== undefined) return new RegExp(source, regExpFlags(value));
    for (const type of refused) {
      if (value instanceof type) throw cloneError(`A ${type.name} cannot be cloned`);
    }
    return null;
  }

  private map(value: object): object {
    const copy = new Map<unknown, unknown>();
    const entries = mapEntries(value);
    this.unfilled.push(() => {
      for (const [key, item] of entries) copy.set(this.of(key), this.of(item));
    });
    return copy;
  }

  private set(value: object): object {
    const copy = new Set<unknown>();
    const items = setItems(value);
    this.unfilled.push(() => {
      for (const item of items) copy.add(this.of(item));
    });
    return copy;
  }

  private view(value: ArrayBufferView): object {
    const buffer = this.of(value.buffer) as ArrayBuffer;
    if (typedArrayKind(value) === undefined) return new DataView(buffer, value.byteOffset, value.byteLength);
    const type = typedArrayOf(value);
    return new type(buffer, value.byteOffset, typedArrayLength(value)!);
  }

  private error(value: Error): object {
    const { name } = value;
    const type = Object.hasOwn(errorTypes, name) ? errorTypes[name as keyof typeof errorTypes] : Error;
    const message = getOwnPropertyDescriptor(value, "message");
    const copy = message !== undefined && "value" in message ? new type(`${message.value}`) : new type();
    const { stack } = value;
    if (typeof stack === "string") Object.defineProperty(copy, "stack", { ...hidden, value: stack });
    const cause = getOwnPropertyDescriptor(value, "cause");
    if (cause !== undefined && "value" in cause) {
      this.unfilled.push(() => {
        Object.defineProperty(copy, "cause", { ...hidden, value: this.of(cause.value) });
      });
    }
    return copy;
  }

  private properties(value: object, copy: object): object {
    this.unfilled.push(() => {
      for (const key of Object.keys(value)) {
        if (!Object.hasOwn(value, key)) continue;
        const item = this.of((value as Record<string, unknown>)[key]);
        // An assignment to `__proto__` would change the prototype.
        Object.defineProperty(copy, key, { ...shown, value: item });
      }
    });
    return copy;
  }
}

const hidden = { writable: true, configurable: true, enumerable: false };
const shown = { writable: true, configurable: true, enumerable: true };

/** The class of ECMAScript's own, not one that a plugin derived from it. */
function typedArrayOf(value: object): Uint8ArrayConstructor {
  let prototype = getPrototypeOf(value) as object;
  while (getPrototypeOf(getPrototypeOf(prototype)) !== plainPrototype) prototype = getPrototypeOf(prototype);
  return prototype.constructor as Uint8ArrayConstructor;
}

function copyBuffer(buffer: ArrayBuffer): ArrayBuffer {
  if (!isLiveBuffer(buffer)) throw cloneError("A detached ArrayBuffer cannot be cloned");
  return buffer.slice(0);
}

function isLiveBuffer(value: unknown): value is ArrayBuffer {
  if (!(value instanceof ArrayBuffer)) return false;
  try {
    new Uint8Array(value);
    return true;
  } catch {
    return false;
  }
}

function cloneError(message: string): DOMException {
  return new DOMException(message, "DataCloneError");
}
