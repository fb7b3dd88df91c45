import type { RouteConfig } from "../config/model.ts";
import { compileConditions, type ValueReader } from "./conditions.ts";
import { PathTree } from "./path-tree.ts";
import { comparePrecedence } from "./precedence.ts";

/** No route matches. */
export const noRoute = -1;

/** Routes match by host and path, but none of them takes the method (405). */
export const methodRefused = -2;

/** The routes of one configuration, ready to be looked up. Never changes once built. */
export interface RouteTable {
  /** Whether some route asks for the scheme, which is to be told then. */
  readonly readsScheme: boolean;
  /**
   * The route of a request: its index in the list that was compiled, {@link noRoute} or {@link methodRefused}.
   *
   * @param authority lower case, with or without port
   * @param path canonical, without query; or `*`, which only the prefix `/` matches
   */
  match(authority: string, path: string, method: string, values: ValueReader): number;
  /** The methods for the Allow field of a 405, sorted; empty when some route takes any method, or none matches. */
  allowedMethods(authority: string, path: string): readonly string[];
}

/**
 * Compiles routes to a table. The most specific match wins, by the rules of `comparePrecedence`; where a
 * more specific route does not take a request for its method or its conditions, the next one is tried.
 *
 * A look-up costs a hash of the host and one for each segment of the path, whatever the number of routes.
 *
 * @example
 * const table = compileRoutes(config.routes);
 * const index = table.match("example.com:8080", "/users/7", "GET", head);
 */
export function compileRoutes(routes: readonly RouteConfig[]): RouteTable {
  return new HostTable(routes);
}

class HostTable implements RouteTable {
  readonly readsScheme: boolean;
  /** Rank to index in the list of the configuration. */
  readonly #order: readonly number[];
  readonly #exact = new Map<string, PathTree>();
  /** By what follows the `*`, dot included. */
  readonly #wildcards = new Map<string, PathTree>();
  readonly #longestWildcard: number;
  readonly #namesHosts: boolean;
  readonly #any = new PathTree();

  constructor(routes: readonly RouteConfig[]) {
    const indexes = routes.map((_, index) => index);
    this.#order = indexes.sort((a, b) => comparePrecedence(routes[a]!.match, routes[b]!.match) || a - b);
    this.#order.forEach((index, rank) => {
      const { match } = routes[index]!;
      const conditions = compileConditions(match);
      this.#treeFor(match.host).add(match.path, { rank, methods: match.methods, conditions });
    });
    this.readsScheme = routes.some(({ match }) => match.scheme !== null);
    this.#namesHosts = routes.some(({ match }) => match.host !== null);
    this.#longestWildcard = Math.max(0, ...[...this.#wildcards.keys()].map((suffix) => suffix.length));
  }

  match(authority: string, path: string, method: string, values: ValueReader): number {
    let rank = this.#bestOfHost(authority, path, method, values);
    if (rank === Number.POSITIVE_INFINITY) rank = this.#any.bestRank(path, method, values);
    if (rank !== Number.POSITIVE_INFINITY) return this.#order[rank]!;
    const allowed = this.allowedMethods(authority, path);
    return allowed.length === 0 || allowed.includes(method) ? noRoute : methodRefused;
  }

  allowedMethods(authority: string, path: string): readonly string[] {
    const host = hostOf(authority);
    const candidates = this.#treesOf(host).flatMap((tree) => tree.candidates(path));
    if (candidates.some(({ methods }) => methods === null)) return [];
    return [...new Set(candidates.flatMap(({ methods }) => methods ?? []))].sort();
  }

  #treeFor(host: string | null): PathTree {
    if (host === null) return this.#any;
    const [map, key] = host.startsWith("*.") ? [this.#wildcards, host.slice(1)] : [this.#exact, host];
    const tree = map.get(key) ?? new PathTree();
    map.set(key, tree);
    return tree;
  }

  #treesOf(host: string): PathTree[] {
    const trees = [this.#exact.get(host)];
    for (let dot = this.#firstDot(host); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      trees.push(this.#wildcards.get(host.slice(dot)));
    }
    return [...trees, this.#any].filter((tree) => tree !== undefined);
  }

  #bestOfHost(authority: string, path: string, method: string, values: ValueReader): number {
    if (!this.#namesHosts) return Number.POSITIVE_INFINITY;
    const host = hostOf(authority);
    const rank = this.#exact.get(host)?.bestRank(path, method, values) ?? Number.POSITIVE_INFINITY;
    return rank === Number.POSITIVE_INFINITY ? this.#bestWildcard(host, path, method, values) : rank;
  }

  #bestWildcard(host: string, path: string, method: string, values: ValueReader): number {
    for (let dot = this.#firstDot(host); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      const rank = this.#wildcards.get(host.slice(dot))?.bestRank(path, method, values);
      if (rank !== undefined && rank !== Number.POSITIVE_INFINITY) return rank;
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * The first dot at which a wildcard can begin. A host of thousands of labels would otherwise be hashed
   * thousands of times; `*` stands for at least one character, so the first one is never a dot that counts.
   */
  #firstDot(host: string): number {
    return host.indexOf(".", Math.max(1, host.length - this.#longestWildcard));
  }
}

/** The authority without its port; an IPv6 address keeps its brackets. */
function hostOf(authority: string): string {
  const colon = authority.lastIndexOf(":");
  return colon === -1 || authority.endsWith("]") ? authority : authority.slice(0, colon);
}
