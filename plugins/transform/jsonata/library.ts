import type { Evaluation } from "./evaluation.ts";
import { spendFor } from "./values.ts";

/** What the library hands to its hooks and functions, as far as it is used. */
export interface Frame {
  readonly base: Base;
  lookup(name: string | symbol): unknown;
}

/** The outermost frame of an evaluation. */
export interface Base extends Frame {
  RegexEngine: unknown;
}

/** A function of the library, which calls it with itself and a frame as `this`. */
export interface NativeFunction {
  readonly _jsonata_function: true;
  readonly implementation: Implementation;
  readonly signature?: unknown;
}

export type Implementation = (this: { readonly environment: Frame }, ...values: unknown[]) => unknown;

export interface Library {
  readonly evaluationOf: (frame: Frame) => Evaluation;
  /** Texts that stand in the expression itself. */
  readonly texts: ReadonlySet<string>;
}

/** `$eval` is not among them: what a document says is not run. */
const names =
  `sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad
  match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power
  random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each error assert type
  sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis
  fromMillis clone`.split(/\s+/);

/** What these take is as deep as it is. */
const deep = new Set(["string", "clone", "distinct", "keys", "spread", "merge", "lookup"]);
/** The library makes a backtracking pattern of their picture: it is the operator's, and what it is held to is short. */
const pictured = new Set(["formatNumber", "formatInteger", "parseInteger", "toMillis", "fromMillis"]);
const longestDate = 100;

/** Replacements for the library's functions, which count what they do before they do it. */
export function* guardedFunctions(frame: Frame, library: Library): Generator<[string, NativeFunction]> {
  for (const name of names) {
    const original = frame.lookup(name) as NativeFunction;
    yield [name, { ...original, implementation: guarded(name, original.implementation, library) }];
  }
}

function guarded(name: string, original: Implementation, { evaluationOf, texts }: Library): Implementation {
  const own = replacements[name] ?? original;
  const guard: Implementation = function (...values) {
    const evaluation = evaluationOf(this.environment);
    const { budget } = evaluation;
    const spend = (amount: number): void => budget.spend(amount);
    for (const value of values) {
      if (deep.has(name)) spendFor(value, spend);
      else spend(sizeOf(value));
    }
    if (pictured.has(name)) checkPicture(values, texts);
    if (name === "replace" && typeof values[2] === "string") evaluation.replacesWith(values[2]);
    spend(growthOf(name, values));
    return own.apply(this, values);
  };
  // The library reads both to find out how many values it takes, and what they are called.
  Object.defineProperty(guard, "length", { value: original.length });
  guard.toString = () => original.toString();
  return guard;
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length >> 4;
  return Array.isArray(value) ? value.length >> 2 : 1;
}

function checkPicture([value, picture]: unknown[], texts: ReadonlySet<string>): void {
  if (typeof picture === "string" && !texts.has(picture))
    throw new Error("a picture is not of the expression itself");
  if (typeof value === "string" && value.length > longestDate)
    throw new Error("a text is too long for a picture");
}

/** What comes of it beyond what it takes. */
function growthOf(name: string, values: readonly unknown[]): number {
  const [first, second, third] = values;
  switch (name) {
    case "pad":
      return Math.abs(Number(second ?? 0)) / 16;
    case "join":
      return Array.isArray(first) ? (first.length * lengthOf(second) + textLength(first)) / 16 : 0;
    case "replace":
      if (typeof first !== "string" || typeof second !== "string" || second === "") return 0;
      return (first.split(second).length * lengthOf(third)) / 16;
    default:
      return 0;
  }
}

function lengthOf(value: unknown): number {
  return typeof value === "string" ? value.length : 0;
}

function textLength(values: readonly unknown[]): number {
  let length = 0;
  for (const value of values) length += lengthOf(value);
  return length;
}

/** The library's own look for globals of a browser or of Node, or take time that grows with the square of what they are given. */
const replacements: Readonly<Record<string, Implementation>> = {
  base64encode: (text) => (text === undefined ? undefined : btoa(text as string)),
  base64decode: (text) => (text === undefined ? undefined : atob(text as string)),
  distinct(values) {
    if (!Array.isArray(values) || values.length <= 1) return values;
    const found = new Map<string, unknown>();
    for (const value of values) {
      const key = keyOf(value);
      if (!found.has(key)) found.set(key, value);
    }
    return Object.assign(
      [...found.values()],
      (values as { sequence?: true }).sequence ? { sequence: true } : {},
    );
  },
};

/** The same for values that are the same, whatever the order of their members. */
function keyOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(keyOf).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? String(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${keyOf(member)}`);
  return `{${members.sort().join(",")}}`;
}
