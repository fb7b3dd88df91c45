/**
 * Values as a console shows them, on one line. No getter of a plugin runs for it, and whatever the
 * value is, showing it does not throw.
 */
import { className, errorText } from "../error-text.ts";
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
import { URLSearchParams } from "../url/search-params.ts";
import { type ShownMembers, shownMembers } from "./shown-members.ts";

/** Longest text of one value, in UTF-16 code units. */
export const longestText = 8192;
const deepest = 3;
/** More items of one list say no more to a reader. */
const mostItems = 100;

const { getOwnPropertyDescriptor, is: isSame } = Object;
const { apply, ownKeys } = Reflect;
const functionText = Function.prototype.toString;
const dateText = Date.prototype.toISOString;
const headerEntries = Headers.prototype.entries;
const paramEntries = URLSearchParams.prototype.entries;

/**
 * The text of a value; strings have quotes.
 *
 * @param depth objects inside of objects are shown down to this level
 * @example inspect({ a: 1, b: [1, "2"] }) // { a: 1, b: [1, "2"] }
 */
export function inspect(value: unknown, depth = deepest): string {
  return clip(new Inspector(depth).show(value, 0));
}

/** Shortens a text to what a log line holds, and says so. */
export function clip(text: string, longest = longestText): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 4)} ...`;
}

class Inspector {
  private readonly depth: number;
  /** The objects around the one at hand. */
  private readonly around: object[] = [];

  constructor(depth: number) {
    this.depth = depth;
  }

  show(value: unknown, level: number): string {
    if (typeof value === "string") return quote(value);
    if (typeof value === "bigint") return `${value}n`;
    if (isSame(value, -0)) return "-0";
    const isObject = typeof value === "function" || (typeof value === "object" && value !== null);
    return isObject ? this.object(value, level) : clip(String(value));
  }

  private object(value: object, level: number): string {
    if (this.around.includes(value)) return "[Circular]";
    this.around.push(value);
    try {
      return this.ofKind(value, level);
    } catch {
      return "[an object that cannot be shown]";
    } finally {
      this.around.pop();
    }
  }

  private ofKind(value: object, level: number): string {
    if (Array.isArray(value)) return this.array(value, level);
    if (value instanceof Error) return this.error(value, level);
    const short = shortForm(value);
    if (short !== null) return this.withProperties(short, value, level);
    if (ArrayBuffer.isView(value)) return this.view(value, level);
    const entries = mapSize(value);
    if (entries !== undefined) return this.map(value, entries, level);
    const items = setSize(value);
    if (items !== undefined) return this.set(value, items, level);
    if (value instanceof Headers) return this.pairs(value, headerEntries);
    if (value instanceof URLSearchParams) return this.pairs(value, paramEntries);
    const shown = shownMembers(value);
    if (shown !== null) return this.members(shown, level);
    const name = className(value) ?? "[Object: null prototype]";
    return this.properties(name === "Object" ? "" : `${name} `, value, level);
  }

  /** What has a text of its own, and properties only rarely. */
  private withProperties(text: string, value: object, level: number): string {
    const hasMore = typeof boxedValue(value) !== "string" && shownKeys(value).length > 0;
    return hasMore && level < this.depth ? this.properties(`${text} `, value, level) : text;
  }

  private error(error: Error, level: number): string {
    let text = errorText(error);
    if (level >= this.depth) return text;
    if (shownKeys(error).length > 0) text = this.properties(`${text} `, error, level);
    for (const key of ["cause", "errors"]) {
      const found = getOwnPropertyDescriptor(error, key);
      if (found === undefined || found.enumerable || !("value" in found)) continue;
      text += `\n[${key}]: ${this.show(found.value, level + 1)}`;
    }
    return text;
  }

  private array(array: readonly unknown[], level: number): string {
    const name = className(array);
    const head = name === "Array" ? "[" : `${name}(${array.length}) [`;
    if (level >= this.depth && array.length > 0) return "[Array]";
    const places = Array.from({ length: Math.min(array.length, mostItems) }, (_, at) => at);
    return list(head, "]", array.length, places, (at) => {
      const item = getOwnPropertyDescriptor(array, at);
      return item === undefined ? "<empty>" : this.described(item, level);
    });
  }

  private map(map: object, size: number, level: number): string {
    const head = `${className(map)}(${size}) {`;
    if (level >= this.depth && size > 0) return `${head}...}`;
    return list(head, "}", size, mapEntries(map), ([key, value]) => {
      return `${this.show(key, level + 1)} => ${this.show(value, level + 1)}`;
    });
  }

  private pairs(value: object, entriesOf: (this: never) => Iterable<[string, string]>): string {
    const entries = [...(apply(entriesOf, value, []) as Iterable<[string, string]>)];
    return list(`${className(value)} {`, "}", entries.length, entries, ([name, text]) => {
      return `${keyText(name)}: ${quote(text)}`;
    });
  }

  private members({ name, members }: ShownMembers, level: number): string {
    if (level >= this.depth) return `[${name}]`;
    return list(`${name} {`, "}", members.length, members, ([member, value]) => {
      return `${member}: ${this.show(value, level + 1)}`;
    });
  }

  private set(set: object, size: number, level: number): string {
    const head = `${className(set)}(${size}) {`;
    if (level >= this.depth && size > 0) return `${head}...}`;
    return list(head, "}", size, setItems(set), (item) => this.show(item, level + 1));
  }

  private view(view: ArrayBufferView, level: number): string {
    const kind = typedArrayKind(view);
    if (kind === undefined) return "DataView";
    const size = typedArrayLength(view)!;
    const places = Array.from({ length: Math.min(size, mostItems) }, (_, at) => at);
    const items = view as unknown as ArrayLike<number | bigint>;
    return list(`${kind}(${size}) [`, "]", size, places, (at) => this.show(items[at], level + 1));
  }

  private properties(head: string, value: object, level: number): string {
    const keys = shownKeys(value);
    if (level >= this.depth && keys.length > 0) return `[${className(value) ?? "Object"}]`;
    return list(`${head}{`, "}", keys.length, keys, (key) => {
      const found = getOwnPropertyDescriptor(value, key);
      return `${keyText(key)}: ${found === undefined ? "undefined" : this.described(found, level)}`;
    });
  }

  private described(found: PropertyDescriptor, level: number): string {
    if ("value" in found) return this.show(found.value, level + 1);
    if (found.get === undefined) return "[Setter]";
    return found.set === undefined ? "[Getter]" : "[Getter/Setter]";
  }
}

/** Items between brackets, until the text is as long as anybody reads. */
function list<Item>(
  head: string,
  end: "]" | "}",
  size: number,
  items: readonly Item[],
  show: (item: Item) => string,
): string {
  if (size === 0) return head + end;
  const space = end === "}" ? " " : "";
  let text = head + space;
  let shown = 0;
  for (; shown < items.length && shown < mostItems && text.length < longestText; shown++) {
    text += (shown > 0 ? ", " : "") + show(items[shown]!);
  }
  return shown < size ? `${text}, ... ${size - shown} more${space}${end}` : text + space + end;
}

/** What is said with one word; null for what needs a list. */
function shortForm(value: object): string | null {
  if (typeof value === "function") return functionHead(value);
  const time = dateTime(value);
  if (time !== undefined) return Number.isNaN(time) ? "Invalid Date" : apply(dateText, value, []);
  if (value instanceof RegExp) return clip(`/${regExpSource(value)}/${regExpFlags(value)}`);
  if (value instanceof Promise) return "Promise";
  const length = bufferLength(value);
  if (length !== undefined) return `ArrayBuffer(${length})`;
  const inside = boxedValue(value);
  if (inside === undefined) return null;
  return `[${className(value)}: ${typeof inside === "string" ? quote(inside) : String(inside)}]`;
}

function functionHead(value: object): string {
  const name = getOwnPropertyDescriptor(value, "name")?.value;
  const kind = (apply(functionText, value, []) as string).startsWith("class") ? "class" : "Function";
  return typeof name === "string" && name !== "" ? `[${kind}: ${clip(name, 100)}]` : `[${kind} (anonymous)]`;
}

function shownKeys(value: object): (string | symbol)[] {
  return ownKeys(value).filter((key) => getOwnPropertyDescriptor(value, key)?.enumerable === true);
}

function keyText(key: string | symbol): string {
  if (typeof key === "symbol") return `[${clip(String(key), 100)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? clip(key) : quote(key);
}

function quote(text: string): string {
  return JSON.stringify(clip(text));
}
