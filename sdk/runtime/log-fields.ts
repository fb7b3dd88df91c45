/** The fields of a log line as JSON: whatever they hold, telling them does not throw. */
import { clip, inspect, longestText } from "./web/inspect.ts";

const { stringify } = JSON;
const { isView } = ArrayBuffer;
const { isArray } = Array;
const { getOwnPropertyDescriptor, getPrototypeOf, keys, prototype: plain } = Object;
const { isFinite: isNumber } = Number;
const NativeError = Error;

/** Longest text in the place of a value, in UTF-16 code units: a line with more fields than that has room for it, too. */
const longestValue = longestText / 2;

/**
 * What JSON cannot say becomes a text as a console shows it; all else is as JSON says it. Fields that are longer than a line
 * are told by their beginning, as `cut`.
 */
export function fieldsText(fields: object): string {
  const text = wholeText(fields);
  return text.length <= longestText ? text : stringify({ cut: clip(text, longestValue) });
}

function wholeText(fields: object): string {
  try {
    const text = stringify(fields, sayable);
    if (text?.[0] === "{" || text?.[0] === "[") return text;
    return `{${stringify(fields instanceof NativeError ? "error" : "value")}:${text ?? '""'}}`;
  } catch {
    return textByField(fields);
  }
}

/** Some of them cannot be said: the others are told nevertheless. */
function textByField(fields: object): string {
  try {
    const texts = keys(fields).map((key) => `${stringify(key)}:${valueText(fields, key)}`);
    return `{${texts.join(",")}}`;
  } catch {
    return stringify({ value: shown(fields) });
  }
}

function valueText(fields: object, key: string): string {
  const found = getOwnPropertyDescriptor(fields, key);
  if (found?.get !== undefined) return '"[Getter]"';
  try {
    return stringify(found?.value, sayable) ?? '""';
  } catch {
    return stringify(shown(found?.value));
  }
}

function sayable(_key: string, value: unknown): unknown {
  if (typeof value === "number") return isNumber(value) ? value : shown(value);
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function")
    return shown(value);
  if (typeof value !== "object" || value === null || isArray(value)) return value;
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === plain || prototype === null) return value;
  const isMute = value instanceof NativeError || isView(value) || keys(value).length === 0;
  return isMute ? shown(value) : value;
}

function shown(value: unknown): string {
  return clip(inspect(value), longestValue);
}
