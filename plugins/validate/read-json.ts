import { isArray, isObject, type Json } from "../shared/json/json.ts";

/** Deepest nesting that is looked at. */
const maxDepth = 100;

/**
 * Reads JSON (RFC 8259) that everybody reads alike: in UTF-8, and no name twice in an object, of which one reader takes
 * the first value and another one the last.
 *
 * @param content bytes, or the text that they are without a doubt
 * @returns the value, or what is wrong with the text
 * @example
 * readJson(new TextEncoder().encode('{"a":1,"a":2}')); // { problem: "has a name twice in one object" }
 */
export function readJson(
  content: Uint8Array | string,
): { readonly value: Json } | { readonly problem: string } {
  const text = typeof content === "string" ? content : decoded(content);
  if (text === null) return { problem: "is not UTF-8" };
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return { problem: "is not JSON" };
  }
  const members = membersIn(value, 0);
  if (members === null) return { problem: `is nested more than ${maxDepth} deep` };
  return members === namesIn(text) ? { value } : { problem: "has a name twice in one object" };
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
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

/** Names are the strings with a colon behind them. */
function namesIn(text: string): number {
  // A pattern for whole strings would need room for each character of a long one.
  const plain = text.includes("\\") ? text.replace(/\\./g, "") : text;
  const parts = plain.split('"');
  let count = 0;
  for (let outside = 2; outside < parts.length; outside += 2) if (parts[outside]!.includes(":")) count++;
  return count;
}
