import { iteratePairs, type PairKind } from "../pair-iterator.ts";
import { asWebInterface, needArguments } from "../web-interface.ts";
import { type Pair, parseUrlencoded, serializeUrlencoded } from "./urlencoded.ts";

export type URLSearchParamsInit =
  | string
  | URLSearchParams
  | Iterable<Iterable<string>>
  | Readonly<Record<string, string>>;

type OnChange = (query: string) => void;

let link: (params: URLSearchParams, onChange: OnChange) => void;
let replace: (params: URLSearchParams, pairs: Pair[]) => void;

/** `URLSearchParams` of the URL Standard, section 6.2. */
export class URLSearchParams {
  declare readonly [Symbol.iterator]: () => IterableIterator<[string, string]>;
  declare readonly [Symbol.toStringTag]: string;
  #pairs: Pair[];
  #onChange: OnChange | null = null;

  static {
    link = (params, onChange) => {
      params.#onChange = onChange;
    };
    replace = (params, pairs) => {
      params.#pairs = pairs;
    };
  }

  /** @throws TypeError for an entry that is no pair */
  constructor(init: URLSearchParamsInit = "") {
    this.#pairs = pairsOf(init);
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: string, value: string): void {
    // biome-ignore lint/complexity/noArguments: `undefined` is a value
    needArguments(arguments.length, 2);
    this.#pairs.push([usv(name), usv(value)]);
    this.#changed();
  }

  delete(name: string, value: string | undefined = undefined): void {
    const isMeant = matcher(name, value);
    this.#pairs = this.#pairs.filter((pair) => !isMeant(pair));
    this.#changed();
  }

  get(name: string): string | null {
    const wanted = usv(name);
    return this.#pairs.find((pair) => pair[0] === wanted)?.[1] ?? null;
  }

  getAll(name: string): string[] {
    return this.#pairs.filter(matcher(name, undefined)).map(([, value]) => value);
  }

  has(name: string, value: string | undefined = undefined): boolean {
    return this.#pairs.some(matcher(name, value));
  }

  set(name: string, value: string): void {
    // biome-ignore lint/complexity/noArguments: `undefined` is a value
    needArguments(arguments.length, 2);
    const replacement: Pair = [usv(name), usv(value)];
    const first = this.#pairs.findIndex((pair) => pair[0] === replacement[0]);
    if (first < 0) this.#pairs.push(replacement);
    else {
      this.#pairs = this.#pairs.filter((pair, i) => i <= first || pair[0] !== replacement[0]);
      this.#pairs[first] = replacement;
    }
    this.#changed();
  }

  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed();
  }

  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: unknown): void {
    if (typeof callback !== "function") throw new TypeError("The callback of forEach is not a function");
    for (let i = 0; i < this.#pairs.length; i++) {
      const [name, value] = this.#pairs[i]!;
      callback.call(thisArg, value, name, this);
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

  toString(): string {
    return serializeUrlencoded(this.#pairs);
  }

  #iterate<T>(kind: PairKind): IterableIterator<T> {
    return iteratePairs<T>((index) => this.#pairs[index], kind);
  }

  #changed(): void {
    if (this.#onChange !== null) this.#onChange(serializeUrlencoded(this.#pairs));
  }
}

asWebInterface(URLSearchParams, "URLSearchParams", "entries");

/**
 * The parameters of a URL, which hears of every change.
 *
 * @param search with its `?`, or empty
 */
export function linkedParams(search: string, onChange: OnChange): URLSearchParams {
  const params = new URLSearchParams(search);
  link(params, onChange);
  return params;
}

/** The URL has another query now. */
export function replaceParams(params: URLSearchParams, search: string): void {
  replace(params, parseUrlencoded(search.slice(1)));
}

function pairsOf(init: URLSearchParamsInit): Pair[] {
  if (init === null || (typeof init !== "object" && typeof init !== "function")) {
    const text = usv(init);
    return parseUrlencoded(text.charCodeAt(0) === 0x3f ? text.slice(1) : text);
  }
  const iterator = (init as Partial<Iterable<unknown>>)[Symbol.iterator];
  if (iterator === undefined || iterator === null) return pairsOfRecord(init as Record<string, string>);
  return Array.from(init as Iterable<Iterable<string>>, pairOf);
}

function pairOf(item: Iterable<string>): Pair {
  if (typeof item === "object" && item !== null) {
    const pair = [...item];
    if (pair.length === 2) return [usv(pair[0]!), usv(pair[1]!)];
  }
  throw new TypeError("An entry of the parameters is not a pair");
}

/** Names that become alike when lone surrogates are replaced are one name (Web IDL, "record"). */
function pairsOfRecord(record: Record<string, string>): Pair[] {
  const pairs = new Map<string, string>();
  for (const key of Reflect.ownKeys(record) as string[]) {
    if (Reflect.getOwnPropertyDescriptor(record, key)?.enumerable) pairs.set(usv(key), usv(record[key]!));
  }
  return [...pairs];
}

function matcher(name: string, value: string | undefined): (pair: Pair) => boolean {
  const wanted = usv(name);
  if (value === undefined) return (pair) => pair[0] === wanted;
  const wantedValue = usv(value);
  return (pair) => pair[0] === wanted && pair[1] === wantedValue;
}

/** Web IDL "USVString": a lone surrogate becomes U+FFFD. */
function usv(value: string): string {
  return `${value}`.toWellFormed();
}
