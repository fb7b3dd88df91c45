import { fieldName, separatorOf } from "./field-name.ts";
import { type Field, type FieldStore, ListStore } from "./field-store.ts";
import { fieldValue } from "./field-value.ts";
import { iteratePairs, type PairKind } from "./pair-iterator.ts";
import { asWebInterface, needArguments } from "./web-interface.ts";

export type HeadersInit = Headers | Iterable<Iterable<string>> | Readonly<Record<string, string>>;

/** The store of the object that is being made, if it is not to have one of its own. */
let adopted: FieldStore | null = null;

/** `Headers` of the Fetch Standard, section 5.1, over whatever store holds the fields. */
export class Headers {
  declare readonly [Symbol.iterator]: () => IterableIterator<[string, string]>;
  declare readonly [Symbol.toStringTag]: string;
  readonly #store: FieldStore;

  /** @throws TypeError for a name that is no token, a value that is no field value, an entry that is no pair */
  constructor(init: HeadersInit | undefined = undefined) {
    if (adopted === null) this.#store = new ListStore();
    else this.#store = adopted;
    adopted = null;
    if (init !== undefined) fill(this, init);
  }

  append(name: string, value: string): void {
    // biome-ignore lint/complexity/noArguments: a parameter list of its own would change `append.length`
    if (arguments.length < 2) needArguments(arguments.length, 2);
    const store = this.#store;
    const field = fieldName(name);
    store.append(field, value === field.value ? value : fieldValue(value));
    if (store.sorted !== null) store.sorted = null;
  }

  delete(name: string): void {
    const store = this.#store;
    store.delete(fieldName(name));
    if (store.sorted !== null) store.sorted = null;
  }

  get(name: string): string | null {
    return this.#store.get(fieldName(name));
  }

  getSetCookie(): string[] {
    return this.#store.getSetCookie();
  }

  has(name: string): boolean {
    return this.#store.has(fieldName(name));
  }

  set(name: string, value: string): void {
    // biome-ignore lint/complexity/noArguments: as above
    if (arguments.length < 2) needArguments(arguments.length, 2);
    const store = this.#store;
    const field = fieldName(name);
    store.set(field, value === field.value ? value : fieldValue(value));
    if (store.sorted !== null) store.sorted = null;
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    if (typeof callback !== "function") throw new TypeError("The callback of forEach is not a function");
    // The callback may change what there is.
    for (let i = 0, fields = this.#fields(); i < fields.length; fields = this.#fields()) {
      const field = fields[i++]!;
      callback.call(thisArg, field[1], field[0], this);
    }
  }

  entries(): IterableIterator<[string, string]> {
    return this.#iterate("entries");
  }

  keys(): IterableIterator<string> {
    return this.#iterate("keys");
  }

  values(): IterableIterator<string> {
    return this.#iterate("values");
  }

  #iterate<T>(kind: PairKind): IterableIterator<T> {
    return iteratePairs<T>((index) => this.#fields()[index], kind);
  }

  #fields(): readonly Field[] {
    const store = this.#store;
    store.sorted ??= sortAndCombine(store);
    return store.sorted;
  }
}

asWebInterface(Headers, "Headers", "entries");

/**
 * A `Headers` object over another store.
 *
 * @example
 * headersOf(new HeadFields("200 OK\nAge: 7\r\n")).get("age"); // "7"
 */
export function headersOf(store: FieldStore): Headers {
  adopted = store;
  return new Headers();
}

/** Fetch Standard, "fill a Headers object": a sequence of pairs, or a record. */
function fill(headers: Headers, init: HeadersInit): void {
  if (init === null || (typeof init !== "object" && typeof init !== "function")) {
    throw new TypeError("Headers are made of pairs or of an object");
  }
  const iterator = (init as Partial<Iterable<Iterable<string>>>)[Symbol.iterator];
  if (iterator === undefined || iterator === null) fillFromRecord(headers, init as Record<string, string>);
  else fillFromPairs(headers, init as Iterable<Iterable<string>>);
}

function fillFromPairs(headers: Headers, pairs: Iterable<Iterable<string>>): void {
  for (const item of pairs) {
    if (typeof item !== "object" || item === null) throw new TypeError("An entry of headers is not a pair");
    const pair = [...item];
    if (pair.length !== 2) throw new TypeError("An entry of headers is not a pair");
    headers.append(pair[0]!, pair[1]!);
  }
}

/** Web IDL converts a record key by key: a symbol that is enumerable is no name and throws. */
function fillFromRecord(headers: Headers, record: Record<string, string>): void {
  for (const key of Reflect.ownKeys(record) as string[]) {
    if (Reflect.getOwnPropertyDescriptor(record, key)?.enumerable) headers.append(key, record[key]!);
  }
}

/** Fetch Standard, "sort and combine": names in order, one entry each but for `set-cookie`. */
function sortAndCombine(store: FieldStore): Field[] {
  const fields = store.entries();
  sortByName(fields);
  let last = 0;
  for (let i = 1; i < fields.length; i++) {
    const field = fields[i]!;
    const [name, value] = field;
    const [lastName, lastValue] = fields[last]!;
    if (name === lastName && name !== "set-cookie")
      fields[last] = [name, lastValue + separatorOf(name) + value];
    else fields[++last] = field;
  }
  if (last + 1 < fields.length) fields.length = last + 1;
  return fields;
}

/** Those of one name keep their order. */
function sortByName(fields: Field[]): void {
  if (fields.length > fewFields) {
    fields.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return;
  }
  for (let i = 1; i < fields.length; i++) {
    const field = fields[i]!;
    let to = i;
    while (to > 0 && fields[to - 1]![0] > field[0]) {
      fields[to] = fields[to - 1]!;
      to--;
    }
    fields[to] = field;
  }
}

/** Up to here the calls of a comparing function cost more than comparing more often. */
const fewFields = 24;
