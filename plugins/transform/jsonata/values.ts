import { type Json, JsonNumber } from "../json-value.ts";

/** A result that is too deep or too long to be written, or goes round in a circle. */
export class ResultTooLarge extends Error {}

/**
 * Members that JSONata would take for marks of its own, or that are no ordinary member of an object: expressions do not see
 * them. A document that says of itself that it is a function would be called as one.
 */
const hidden = new Set(["__proto__", "_jsonata_function", "_jsonata_lambda", "outerWrapper", "tupleStream"]);

export function isHidden(name: string): boolean {
  return hidden.has(name);
}

/**
 * The document as expressions see it. A whole number beyond 2^53 is a text, digit by digit, and so is one that no double holds.
 *
 * @example
 * toPlain(parseJson('{"id":9007199254740993}', 32)); // { id: "9007199254740993" }
 */
export function toPlain(value: Json): unknown {
  if (value instanceof JsonNumber) return numberOf(value.text);
  if (Array.isArray(value)) return value.map(toPlain);
  if (!(value instanceof Map)) return value;
  const object: Record<string, unknown> = {};
  for (const [name, member] of value) if (!hidden.has(name)) object[name] = toPlain(member);
  return object;
}

function numberOf(text: string): number | string {
  const number = Number(text);
  if (!Number.isFinite(number)) return text;
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? text : number;
}

export interface ResultBounds {
  /** Of values, and characters of texts. */
  readonly size: number;
  readonly depth: number;
}

/**
 * What an expression made, as a document; nothing at all is null. Parts that it holds several times count several times.
 *
 * @throws ResultTooLarge
 */
export function fromPlain(value: unknown, { size, depth }: ResultBounds): Json {
  let left = size;
  return convert(value, depth) ?? null;

  function convert(value: unknown, depthLeft: number): Json | undefined {
    left -= typeof value === "string" ? value.length + 1 : 1;
    if (left < 0 || depthLeft < 0) throw new ResultTooLarge("the result is too large");
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number") return Number.isFinite(value) ? new JsonNumber(String(value)) : null;
    if (typeof value !== "object" || isFunction(value)) return undefined;
    if (Array.isArray(value)) return value.map((item) => convert(item, depthLeft - 1) ?? null);
    const members = new Map<string, Json>();
    for (const [name, member] of Object.entries(value)) {
      left -= name.length;
      const converted = convert(member, depthLeft - 1);
      if (converted !== undefined) members.set(name, converted);
    }
    return members;
  }
}

function isFunction(value: object): boolean {
  return Object.hasOwn(value, "_jsonata_lambda") || Object.hasOwn(value, "_jsonata_function");
}

/**
 * How many values lie in a value, up to a bound; texts count for what they are long.
 *
 * @throws whatever `spend` throws, as soon as that is too much
 */
export function spendFor(value: unknown, spend: (amount: number) => void): void {
  spend(typeof value === "string" ? 1 + (value.length >> 4) : 1);
  if (typeof value !== "object" || value === null || isFunction(value)) return;
  for (const member of Array.isArray(value) ? value : Object.values(value)) spendFor(member, spend);
}
