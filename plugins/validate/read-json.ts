import { isArray, isObject, type Json } from "../shared/json/json.ts";

/** Deepest nesting that is looked at. */
const maxDepth = 100;

/** A string of JSON, and the colon behind it when it is the name of a member. */
const strings = /"(?:[^"\\]|\\.)*"\s*(:?)/gs;

/**
 * Reads JSON (RFC 8259) that everybody reads alike: in UTF-8, and no name twice in an object, of which one reader takes
 * the first value and another one the last.
 *
 * @returns the value, or what is wrong with the text
 * @example
 * readJson(new TextEncoder().encode('{"a":1,"a":2}')); // { problem: "has a name twice in one object" }
 */
export function readJson(bytes: Uint8Array): { readonly value: Json } | { readonly problem: string } {
  let text: string;
  let value: Json;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { problem: "is not UTF-8" };
  }
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return { problem: "is not JSON" };
  }
  const members = membersIn(value, 0);
  if (members === null) return { problem: `is nested more than ${maxDepth} deep` };
  return members === namesIn(text) ? { value } : { problem: "has a name twice in one object" };
}

/** Null: it is nested too deeply. */
function membersIn(value: Json, depth: number): number | null {
  if (!isArray(value) && !isObject(value)) return 0;
  if (depth >= maxDepth) return null;
  const inside: readonly Json[] = isArray(value) ? value : Object.values(value);
  let count = isArray(value) ? 0 : inside.length;
  for (const item of inside) {
    const members = membersIn(item, depth + 1);
    if (members === null) return null;
    count += members;
  }
  return count;
}

function namesIn(text: string): number {
  let count = 0;
  for (const [, colon] of text.matchAll(strings)) if (colon === ":") count++;
  return count;
}
