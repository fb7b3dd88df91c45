import type { RouteConfig } from "../../core/config/model.ts";
import type { PathMatch, ValueMatch } from "../../core/config/route-model.ts";

/** A request as the routes see it. */
export interface Request {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly headers: ReadonlyMap<string, string>;
  /** From `?` on, or empty. */
  readonly query: string;
  readonly scheme: "http" | "https";
}

/** The rules of routing read aloud: filter all routes, then sort what is left. Slow and obvious. */
export function referenceMatch(routes: readonly RouteConfig[], request: Request): number {
  const here = routes.filter(
    ({ match }) => hostMatches(match.host, request.host) && pathMatches(match.path, request.path),
  );
  const parameters = new Map([...new URLSearchParams(request.query)].reverse());
  const pairs = (request.headers.get("cookie") ?? "").split("; ").map((pair) => pair.split("="));
  const cookies = new Map(pairs.reverse() as [string, string][]);
  const taking = here.filter(({ match }) => {
    const method = match.methods === null || match.methods.includes(request.method);
    return (
      method &&
      (match.scheme === null || match.scheme === request.scheme) &&
      match.headers.every((header) => fits(header, request.headers.get(header.name))) &&
      match.query.every((parameter) => fits(parameter, parameters.get(parameter.name))) &&
      match.cookies.every((cookie) => fits(cookie, cookies.get(cookie.name)))
    );
  });
  if (taking.length > 0) return routes.indexOf(taking.sort(bySpecificity)[0]!);
  const refused =
    here.length > 0 &&
    here.every(({ match }) => match.methods !== null && !match.methods.includes(request.method));
  return refused ? -2 : -1;
}

function fits({ value }: ValueMatch, found: string | undefined): boolean {
  if (found === undefined || value === null) return found !== undefined;
  if (typeof value === "string") return value === found;
  return "prefix" in value ? found.startsWith(value.prefix) : value.oneOf.includes(found);
}

function hostMatches(pattern: string | null, host: string): boolean {
  if (pattern === null) return true;
  return pattern.startsWith("*")
    ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
    : host === pattern;
}

function pathMatches({ kind, value }: PathMatch, path: string): boolean {
  if (kind === "exact") return path === value;
  if (kind === "prefix") return value === "/" || path === value || path.startsWith(`${value}/`);
  const wanted = value.split("/");
  const found = path.split("/");
  if (wanted.length !== found.length) return false;
  return wanted.every((segment, index) =>
    segment.startsWith("{") ? found[index] !== "" : segment === found[index],
  );
}

function bySpecificity(a: RouteConfig, b: RouteConfig): number {
  const [left, right] = [specificity(a), specificity(b)];
  const difference = left.findIndex((value, index) => value !== right[index]);
  return difference === -1 ? 0 : right[difference]! - left[difference]!;
}

function specificity({ match }: RouteConfig): number[] {
  const { host, path, methods, scheme, headers, query, cookies } = match;
  const hostRank = host === null ? 0 : host.startsWith("*") ? host.split(".").length : 1000;
  const segments = path.value
    .split("/")
    .filter((segment, index) => index > 0 && !(segment === "" && path.value === "/"));
  const literals = segments.filter((segment) => !segment.startsWith("{")).length;
  const pathRank = { exact: 2000, template: 1000 + literals, prefix: segments.length }[path.kind];
  return [
    hostRank,
    pathRank,
    methods === null ? 0 : 1,
    scheme === null ? 0 : 1,
    headers.length,
    query.length,
    cookies.length,
  ];
}
