import { join } from "node:path";
import type { DiscoveredEndpoint } from "../config/traffic-model.ts";

/** Who is told what a source finds. After `close` nothing is called any more. */
export interface DiscoveryListener {
  /** All endpoints that there are now; an empty list where the source says clearly that none is left. */
  onEndpoints(list: readonly DiscoveredEndpoint[]): void;
  /** One line for the operator. The endpoints told before stay; each kind of problem is told once. */
  onProblem(message: string): void;
  /** One line, when everything works again. Without it, `onProblem` is told. */
  onRecovery?(message: string): void;
}

/** Where the endpoints of a cluster come from. */
export interface DiscoverySource {
  /** Once; there is no second start. */
  start(listener: DiscoveryListener): void;
  close(): void;
}

/** What a source takes from around it. */
export interface SourceOptions {
  /** Runs a function once, after so many ms; gives back what prevents it. Default: a timer that keeps no process alive. */
  readonly after?: (ms: number, run: () => void) => () => void;
  /** In ms, monotonic. */
  readonly now?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Resolvers as `address` or `address:port`; null: the system's. */
  readonly dnsServers?: readonly string[] | null;
  /** ms for each of the two times that a resolver is asked. */
  readonly dnsTimeout?: number;
  /**
   * Families of addresses that can be reached from here, the better one first: of an instance that Kubernetes lists
   * with both, one address is taken.
   */
  readonly families?: readonly (4 | 6)[];
  /** Whether the cluster speaks TLS: a file that writes endpoints with another scheme is refused. */
  readonly secure?: boolean;
  /** Where a pod finds the token of its service account, and the authority of its API server: a folder. */
  readonly accountFolder?: string;
  /** Where a pod finds its API server. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export type SourceSetting = Required<SourceOptions>;

const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What a pod finds in the folder of its service account. */
export function accountFiles(folder: string = accountFolder): {
  readonly token: string;
  readonly ca: string;
} {
  return { token: join(folder, "token"), ca: join(folder, "ca.crt") };
}

/** The options with their defaults. */
export function settingOf(options: SourceOptions): SourceSetting {
  return {
    after: options.after ?? afterTimeout,
    now: options.now ?? (() => performance.now()),
    random: options.random ?? Math.random,
    dnsServers: options.dnsServers ?? null,
    dnsTimeout: options.dnsTimeout ?? 2_000,
    families: options.families ?? [4, 6],
    secure: options.secure ?? false,
    accountFolder: options.accountFolder ?? accountFolder,
    env: options.env ?? process.env,
  };
}

function afterTimeout(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
