/** What is asked of a proxy, whichever generator asks it. */
export interface Load {
  readonly method: "GET" | "POST";
  /** Asked for in turn. */
  readonly paths: readonly string[];
  /** Sent with every request; "": none. */
  readonly body: string;
  readonly connections: number;
  /** Ask for `Connection: close`, so that every request needs a new connection. */
  readonly close: boolean;
  /** Sent with every request. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Name of a field that holds the path. */
  readonly pathField?: string;
}

export interface Target {
  readonly port: number;
  readonly tls: boolean;
}

export interface LoadResult {
  readonly requests: number;
  /** Connections that failed and responses that were no success. */
  readonly errors: number;
  readonly seconds: number;
  /** Bytes received, heads included. */
  readonly bytes: number;
  /** Latency in ms. */
  readonly p50: number;
  /** Latency in ms. */
  readonly p99: number;
}

/** Puts a load on a target for some seconds. */
export type Generator = (load: Load, target: Target, seconds: number) => Promise<LoadResult>;
