import type { Target } from "../load/load.ts";
import type { Command } from "../process/child.ts";

/** What a proxy is told before it starts. */
export interface Setup {
  /** Loopback port to listen on. */
  readonly port: number;
  readonly upstreamPort: number;
  /** Empty and its own; removed after the run. */
  readonly directory: string;
  /** Certificate to serve, or null for plain text. */
  readonly tls: Certificate | null;
  /** Number of routes, all to the same upstream; see `routePath`. */
  readonly routes: number;
}

/** PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Certificate and key in one file, as HAProxy wants them. */
  readonly both: string;
}

export interface ProxyServer {
  readonly name: string;
  /** Why it cannot run on this machine, or null. */
  readonly absent: string | null;
  /** Writes its configuration and says how to start it, with one worker. */
  readonly prepare: (setup: Setup) => Promise<Command>;
  /** Throws when the proxy that was started does not do what its rows are about. */
  readonly check?: (target: Target) => Promise<void>;
}

/** Prefix of route `index` where a proxy has more than one. */
export function routePath(index: number): string {
  return `/service-${String(index).padStart(4, "0")}/`;
}

/** Prefixes to configure: everything, or one for each of several routes. */
export function routePrefixes(routes: number): string[] {
  return routes === 1 ? ["/"] : Array.from({ length: routes }, (_, index) => routePath(index));
}
