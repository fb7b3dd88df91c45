import { formatHost, isHostName, parseHost, parsePort } from "../address.ts";
import type { RouteConfig } from "../model.ts";
import { isName, isToken, nameExpected } from "../names.ts";
import { catchAllRoute } from "../overrides.ts";
import { parsePathMatch } from "../path-pattern.ts";
import type { RouteMatch } from "../route-model.ts";
import type { RouteInFile } from "../schema/route.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import { answerName, resolveAnswer } from "./answer.ts";
import { resolveCookies, resolveHeaders, resolveQuery } from "./conditions.ts";
import { resolveDeadlineHeader } from "./deadline.ts";
import { resolveFault } from "./fault.ts";
import { resolveMirrors } from "./mirror.ts";
import { resolvePolicies } from "./policies.ts";
import { resolvePriority } from "./priority.ts";
import { resolveRetry, resolveRouteTimeout } from "./retry.ts";

/**
 * The routes of the file, or the one that takes everything to the only cluster when it has none. What is
 * wrong with them is reported to the source.
 *
 * @param clusters every name that a route may point to
 */
export function resolveRoutes(
  routes: ConfigFile["routes"],
  clusters: readonly string[],
  source: ConfigSource,
): RouteConfig[] {
  if (routes === undefined) return impliedRoutes(clusters, source);
  const nextName = namer(routes, source);
  const seen = new Map<string, string>();
  const resolved: RouteConfig[] = [];
  routes.forEach((route, index) => {
    const path = ["routes", index];
    const match = resolveMatch(route, path, source);
    const answer = resolveAnswer(route, match?.path ?? null, clusters, path, source);
    if (match === null) return;
    const host = resolveHostHeader(route.hostHeader ?? "preserve", [...path, "hostHeader"], source);
    const name = route.name ?? nextName(answerName(route));
    const policies = resolvePolicies(route.policies, [...path, "policies"], source);
    const timeout = resolveRouteTimeout(route.timeout, [...path, "timeout"], source);
    const retry = resolveRetry(route.retry, [...path, "retry"], source);
    const mirror = resolveMirrors(route.mirror, clusters, [...path, "mirror"], source);
    const fault = resolveFault(route.fault, [...path, "fault"], source);
    const priority = resolvePriority(route.priority, [...path, "priority"], source);
    const deadlineHeader = resolveDeadlineHeader(
      route.deadlineHeader,
      priority.priorityHeader?.name ?? null,
      [...path, "deadlineHeader"],
      source,
    );
    resolved.push({
      name,
      isNamed: route.name !== undefined,
      match,
      ...answer,
      timeout,
      deadlineHeader,
      ...priority,
      retry,
      mirror,
      fault,
      host,
      policies,
    });
    if (source.isFaulty(path)) return;
    const key = JSON.stringify(match);
    const twin = seen.get(key);
    if (twin !== undefined)
      source.report(path, `expected a match that no other route has, found that of ${twin}`);
    else seen.set(key, name);
  });
  return resolved;
}

function impliedRoutes(clusters: readonly string[], source: ConfigSource): RouteConfig[] {
  if (clusters.length > 1) {
    source.report(["routes"], `expected routes to choose between ${clusters.length} clusters, found none`);
  }
  return clusters.length === 1 ? [catchAllRoute(clusters[0]!)] : [];
}

/** Checks the names in the file and makes one for each route without: its cluster or kind, numbered where that is taken. */
function namer(routes: readonly RouteInFile[], source: ConfigSource): (base: string) => string {
  const taken = new Set<string>();
  routes.forEach(({ name }, index) => {
    if (name === undefined) return;
    if (!isName(name)) source.expect(["routes", index, "name"], nameExpected, name);
    else if (taken.has(name))
      source.expect(["routes", index, "name"], "a name that no other route has", name);
    taken.add(name);
  });
  const used = new Map<string, number>();
  return (base) => {
    let number = used.get(base) ?? 0;
    let name: string;
    do {
      number++;
      name = number === 1 ? base : `${base}-${number}`;
    } while (taken.has(name));
    used.set(base, number);
    taken.add(name);
    return name;
  };
}

function resolveMatch(route: RouteInFile, place: Path, source: ConfigSource): RouteMatch | null {
  const scheme = (route.scheme ?? null) as RouteMatch["scheme"];
  const methods = resolveMethods(route.methods, [...place, "methods"], source);
  const headers = resolveHeaders(route.headers, [...place, "headers"], source);
  const query = resolveQuery(route.query, [...place, "query"], source);
  const cookies = resolveCookies(route.cookies, [...place, "cookies"], source);
  const host = resolveHost(route.host ?? "*", [...place, "host"], source);
  const path = parsePathMatch(route.path ?? "/");
  if (!("fault" in path)) return { host, path, methods, scheme, headers, query, cookies };
  const inMap = typeof route.path === "object" ? Object.keys(route.path) : [];
  source.expect([...place, "path", ...inMap], path.fault, Object.values(route.path as object).join(""));
  return null;
}

function resolveHost(host: string, path: Path, source: ConfigSource): string | null {
  if (host === "*") return null;
  const exact = parseHost(host);
  if (exact !== null) return formatHost(exact);
  if (!host.startsWith("*.") || !isHostName(host.slice(2))) {
    source.expect(path, "a host without port such as example.com, *.example.com or *", host);
  }
  return host.toLowerCase();
}

function resolveMethods(methods: RouteInFile["methods"], path: Path, source: ConfigSource): string[] | null {
  if (methods === undefined) return null;
  methods.forEach((method, index) => {
    // Methods are case-sensitive (RFC 9110 section 9.1), and every registered one is in upper case.
    const usable = isToken(method) && method === method.toUpperCase();
    if (!usable) source.expect([...path, index], "a method in upper case such as GET", method);
  });
  return [...new Set(methods)].sort();
}

function resolveHostHeader(text: string, path: Path, source: ConfigSource): RouteConfig["host"] {
  if (text === "preserve" || text === "upstream") return text;
  const [, host, port] = /^(\[.*\]|[^:]*)(?::(.*))?$/.exec(text) ?? [];
  if (!host || parseHost(host) === null || (port !== undefined && parsePort(port) === null)) {
    source.expect(path, '"preserve", "upstream" or a host such as api.internal:8080', text);
  }
  return { literal: text };
}
