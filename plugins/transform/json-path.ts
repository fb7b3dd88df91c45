import type { Json } from "./json-value.ts";

/** Segments of a JSON Pointer (RFC 6901); `*` is every member, `**` at any depth. */
export type JsonPath = readonly string[];

/**
 * @throws Error for what is no pointer
 * @example
 * jsonPath("/users/*\/e~1mail", "remove"); // ["users", "*", "e/mail"]
 */
export function jsonPath(text: string, where: string): JsonPath {
  if (!text.startsWith("/") || /~(?![01])/.test(text)) {
    throw new Error(`Cannot use ${where}: expected a JSON Pointer such as /user/name, found ${text}`);
  }
  const path = text
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (path.at(-1) === "**") throw new Error(`Cannot use ${where}: ${text} names nothing behind **`);
  if (path.filter((segment) => segment === "**").length > 1) {
    throw new Error(`Cannot use ${where}: ${text} has more than one **`);
  }
  return path;
}

export type Holder = Json[] | Map<string, Json>;

export function isHolder(value: Json | undefined): value is Holder {
  return Array.isArray(value) || value instanceof Map;
}

export function memberOf(holder: Holder, key: string): Json | undefined {
  if (holder instanceof Map) return holder.get(key);
  return isIndex(key) ? holder[Number(key)] : undefined;
}

export function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d{0,8})$/.test(key);
}

export function keysOf(holder: Holder): string[] {
  return holder instanceof Map ? [...holder.keys()] : [...holder.keys()].map(String);
}

/** Calls back for every place that a path leads to, whether there is a value or not. The last ones of a list come first. */
export function eachPlace(root: Json, path: JsonPath, act: (holder: Holder, key: string) => void): void {
  walk(root, 0);

  function walk(value: Json | undefined, index: number): void {
    if (!isHolder(value)) return;
    const segment = path[index]!;
    if (segment === "**") {
      for (const key of keysOf(value)) walk(memberOf(value, key), index);
      walk(value, index + 1);
      return;
    }
    const keys = segment === "*" ? keysOf(value).reverse() : [segment];
    for (const key of keys) {
      if (index === path.length - 1) act(value, key);
      else walk(memberOf(value, key), index + 1);
    }
  }
}
