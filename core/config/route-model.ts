/** The part of the effective configuration that says which requests a route takes and what becomes of them. */

export type PathMatch =
  /** `/a/b` and nothing else. */
  | { readonly kind: "exact"; readonly value: string }
  /** `/a` matches `/a` and `/a/b`, not `/ab`: whole segments. */
  | { readonly kind: "prefix"; readonly value: string }
  /** `/users/{id}/posts`: each `{name}` is one non-empty segment. */
  | { readonly kind: "template"; readonly value: string };

export interface RouteMatch {
  /** Lower case, no port: `example.com`, `*.example.com` (one or more labels), or null for any. */
  readonly host: string | null;
  readonly path: PathMatch;
  /** Null: any method. */
  readonly methods: readonly string[] | null;
  /** By which the client came, to a trusted proxy if there is one; null: either. */
  readonly scheme: "http" | "https" | null;
  /** All must hold; names in lower case. */
  readonly headers: readonly ValueMatch[];
  /** Parameters of the query, decoded; of several with one name the first counts. */
  readonly query: readonly ValueMatch[];
  readonly cookies: readonly ValueMatch[];
}

export interface ValueMatch {
  readonly name: string;
  /** Null: present with any value. */
  readonly value: string | { readonly prefix: string } | { readonly oneOf: readonly string[] } | null;
}

/** Clusters that share the requests of a route. */
export interface SplitConfig {
  /** By name. */
  readonly clusters: readonly WeightedCluster[];
  readonly by: SplitKey;
  /** Splits with the same seed put the same key at the same place. */
  readonly seed: string;
}

export interface WeightedCluster {
  readonly name: string;
  /** Share of the keys; 0: none. */
  readonly weight: number;
}

/** What a request is assigned by; requests without it are assigned at random. */
export type SplitKey =
  | { readonly kind: "header"; readonly name: string }
  /** A client without it is given one; ttl in ms, 0: until the browser ends. */
  | { readonly kind: "cookie"; readonly name: string; readonly path: string; readonly ttl: number }
  | { readonly kind: "client-address" }
  | { readonly kind: "random" };

/** The path that takes the place of a request's own. */
export type PathRewrite =
  /** In the place of the prefix that the route matches. */
  | { readonly kind: "prefix"; readonly value: string }
  | { readonly kind: "exact"; readonly value: string }
  /** `/people/{id}`, filled in from the template that the route matches. */
  | { readonly kind: "template"; readonly value: string };

export interface RedirectConfig {
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** Null: that of the request. */
  readonly scheme: "http" | "https" | null;
  /** Lower case, IPv6 in brackets; null: that of the request. */
  readonly host: string | null;
  /** Null: the scheme's default where scheme or host is another one, else that of the request. */
  readonly port: number | null;
  /** Null: that of the request. */
  readonly path: PathRewrite | null;
  readonly keepQuery: boolean;
}

export interface RespondConfig {
  readonly status: number;
  /** Content-Type among them; without what frames a message. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Null: none. */
  readonly body: string | null;
}
