/** The path that takes the place of a request's own: upstream, and in redirects. */
import type { PathMatch, PathRewrite } from "../config/route-model.ts";
import { isParameter } from "./precedence.ts";

/** @param path canonical, and one that the route matches */
export type RewritePath = (path: string) => string;

/**
 * Compiles a rewrite. Canonical paths become canonical paths: whole segments are exchanged, and a segment of a
 * canonical path is neither `.` nor `..` and has no escape of what needs none. What remains to be seen to are
 * slashes at the beginning: `//host` would be a host to whoever resolves it (RFC 3986 section 4.2).
 *
 * @param matched by the route: a prefix for a prefix, a template for a template
 * @example
 * compileRewrite({ kind: "prefix", value: "/api" }, { kind: "prefix", value: "/v2" })("/api/users"); // "/v2/users"
 */
export function compileRewrite(matched: PathMatch, to: PathRewrite): RewritePath {
  switch (to.kind) {
    case "exact":
      return () => to.value;
    case "prefix":
      return prefixRewrite(
        matched.value === "/" ? 0 : matched.value.length,
        to.value === "/" ? "" : to.value,
      );
    case "template":
      return templateRewrite(matched.value, to.value);
  }
}

function prefixRewrite(length: number, prefix: string): RewritePath {
  return (path) => {
    // The target of OPTIONS for the server as a whole has no segments to exchange.
    if (path === "*") return path;
    return withOneSlash(prefix + path.slice(length));
  };
}

function templateRewrite(from: string, to: string): RewritePath {
  const places = new Map(from.split("/").map((segment, index) => [segment, index]));
  const segments = to.split("/").map((segment) => (isParameter(segment) ? places.get(segment)! : segment));
  return (path) => {
    const values = path.split("/");
    return segments.map((segment) => (typeof segment === "number" ? values[segment] : segment)).join("/");
  };
}

/** A path that begins with one slash, and with no host. */
export function withOneSlash(path: string): string {
  let start = 0;
  while (path.charCodeAt(start) === slash) start++;
  return start === 1 ? path : `/${path.slice(start)}`;
}

const slash = 0x2f;
