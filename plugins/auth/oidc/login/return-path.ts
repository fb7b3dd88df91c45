/** Where a browser goes on after a login: only ever at a path of this site. */

const longest = 2048;

/**
 * The path as it is, if every browser reads it as one of the same origin; otherwise `/`.
 *
 * `//evil.test` and `/\evil.test` name other hosts, and browsers pass over tabs and line breaks (URL Standard,
 * "basic URL parser"): a path has visible ASCII only and no backslash.
 *
 * @example
 * returnPath("/orders?page=2"); // "/orders?page=2"
 * returnPath("//evil.test/"); // "/"
 */
export function returnPath(path: string): string {
  return path.length <= longest && /^\/(?:[\x21-\x2e\x30-\x5b\x5d-\x7e][\x21-\x5b\x5d-\x7e]*)?$/.test(path)
    ? path
    : "/";
}

/** An absolute URL in its parts: the path with the query as it is written. */
export function partsOf(url: string): {
  readonly origin: string;
  readonly path: string;
  readonly query: string;
} {
  const [, origin = "", path = "", query = ""] = /^([^/?#]*\/\/[^/?#]*)([^?#]*)\??([^#]*)/.exec(url) ?? [];
  return { origin, path: path === "" ? "/" : path, query };
}
