import type { PathMatch, RouteMatch } from "../config/route-model.ts";

/**
 * Which of two matches is the more specific one: negative when `a` wins. Where several routes match a
 * request, the first difference in this list decides:
 *
 * 1. host: an exact name, then the wildcard with more labels, then any host;
 * 2. path: exact, then template, then prefix;
 *    among templates the one with more literal segments, among prefixes the one with more segments;
 * 3. method: a list of methods, then any method;
 * 4. scheme: one of them, then either;
 * 5. conditions on headers, then on the query, then on cookies: more of them, then fewer.
 *
 * What is left equal (0) is decided by the order of the file: the earlier route wins.
 */
export function comparePrecedence(a: RouteMatch, b: RouteMatch): number {
  return (
    hostWeight(b.host) - hostWeight(a.host) ||
    pathKinds.indexOf(a.path.kind) - pathKinds.indexOf(b.path.kind) ||
    pathWeight(b.path) - pathWeight(a.path) ||
    Number(a.methods === null) - Number(b.methods === null) ||
    Number(a.scheme === null) - Number(b.scheme === null) ||
    b.headers.length - a.headers.length ||
    b.query.length - a.query.length ||
    b.cookies.length - a.cookies.length
  );
}

const pathKinds: readonly PathMatch["kind"][] = ["exact", "template", "prefix"];

/** Any host weighs 0, a wildcard its labels. */
function hostWeight(host: string | null): number {
  if (host === null) return 0;
  return host.startsWith("*.") ? host.split(".").length : Number.POSITIVE_INFINITY;
}

/** Two exact paths that match one request are the same. */
function pathWeight({ kind, value }: PathMatch): number {
  if (kind === "exact") return 0;
  const segments = pathSegments(value);
  return kind === "prefix" ? segments.length : segments.filter((segment) => !isParameter(segment)).length;
}

/** `/a/b` is two segments, `/a/` too, the second one empty; the prefix `/` is none. */
export function pathSegments(path: string): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

/** `{id}`: one segment of any text. */
export function isParameter(segment: string): boolean {
  return segment.startsWith("{") && segment.endsWith("}");
}
