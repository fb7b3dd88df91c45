import { parseHost, parsePort, socketPath } from "./address.ts";
import type { EndpointConfig } from "./model.ts";

/** What a message says when a text is no endpoint. */
export const endpointExpected =
  'an endpoint such as "http://127.0.0.1:3000", "https://api.internal" or "unix:/run/app.sock", without a path';

export interface Endpoint extends EndpointConfig {
  /** Written with `https://`. */
  readonly secure: boolean;
}

/** How much of a cluster's load an endpoint takes, and when. */
type EndpointShare = Partial<Pick<EndpointConfig, "weight" | "zone" | "priority">>;

/**
 * Where a service listens: scheme, host and port, nothing after it. Null when the text is none,
 * also for user names and passwords, which an endpoint never takes.
 *
 * The text is split here and not by `URL`, which repairs what it should refuse and does so
 * differently on Node and Deno.
 *
 * @example
 * parseEndpoint("http://127.0.0.1:3000");
 * // { address: { host: "127.0.0.1", port: 3000 }, weight: 1, zone: null, priority: 0,
 * //   authority: "127.0.0.1:3000", secure: false }
 */
export function parseEndpoint(
  text: string,
  { weight = 1, zone = null, priority = 0 }: EndpointShare = {},
): Endpoint | null {
  if (text.startsWith("unix:")) {
    const address = socketPath(text.slice("unix:".length));
    return address && { address, weight, zone, priority, authority: "localhost", secure: false };
  }
  const parts = /^(https?):\/\/(\[[^\]]*\]|[^:/?#@[\]]+)(?::([0-9]+))?\/?$/i.exec(text);
  if (parts === null) return null;
  const secure = parts[1]!.toLowerCase() === "https";
  const host = parseHost(parts[2]!);
  const port = parts[3] === undefined ? (secure ? 443 : 80) : parsePort(parts[3]);
  if (host === null || port === null || port === 0) return null;
  const authority = parts[3] === undefined ? parts[2]! : `${parts[2]}:${port}`;
  return { address: { host, port }, weight, zone, priority, authority: authority.toLowerCase(), secure };
}
