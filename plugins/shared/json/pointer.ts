import { isArray, isObject, type Json } from "./json.ts";

/**
 * JSON Pointer (RFC 6901) of a path.
 *
 * @example
 * pointerOf(["a/b", 0]); // "/a~1b/0"
 */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((key) => `/${escaped(key)}`).join("");
}

function escaped(key: string | number): string {
  return String(key).replaceAll("~", "~0").replaceAll("/", "~1");
}

/**
 * The path that a pointer tells.
 *
 * @throws Error when it is none
 * @example
 * pathOf("/a~1b/0"); // ["a/b", "0"]
 */
export function pathOf(pointer: string): string[] {
  if (pointer === "") return [];
  if (!/^(?:\/(?:[^~/]|~[01])*)*$/.test(pointer)) throw new Error(`${pointer} is no JSON pointer`);
  return pointer
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What is found at a path; undefined: nothing. */
export function valueAt(value: Json, path: readonly (string | number)[]): Json | undefined {
  let found: Json | undefined = value;
  for (const key of path) {
    if (!isObject(found) && !isArray(found)) return undefined;
    if (isArray(found) && !/^(?:0|[1-9]\d*)$/.test(String(key))) return undefined;
    if (!Object.hasOwn(found, key)) return undefined;
    found = (found as { readonly [key: string]: Json })[key];
  }
  return found;
}
