import { parseHost, parsePort, socketPath } from "./address.ts";
import type { Address } from "./model.ts";

/** What a message says when a text is no URL of a Redis server. */
export const redisUrlExpected =
  'a URL such as "redis://127.0.0.1:6379", "rediss://redis.internal:6380/2" or "unix:/run/redis.sock", without user name and password';

export interface RedisPlace {
  readonly address: Address;
  readonly database: number;
  /** Written with `rediss://`. */
  readonly secure: boolean;
}

/** Redis has 16 databases unless it is told otherwise. */
const mostDatabases = 65_536;

/**
 * Where a Redis server is. Null when the text does not say so, also for user names and passwords: texts of URLs are shown.
 *
 * @example
 * parseRedisUrl("redis://redis.internal/2"); // { address: { host: "redis.internal", port: 6379 }, database: 2, secure: false }
 */
export function parseRedisUrl(text: string): RedisPlace | null {
  if (text.startsWith("unix:")) {
    const address = socketPath(text.slice("unix:".length));
    return address && { address, database: 0, secure: false };
  }
  const parts = /^(rediss?):\/\/(\[[^\]]*\]|[^:/?#@[\]]+)(?::([0-9]+))?(?:\/([0-9]{0,5}))?$/i.exec(text);
  if (parts === null) return null;
  const host = parseHost(parts[2]!);
  const port = parts[3] === undefined ? 6379 : parsePort(parts[3]);
  const database = Number(parts[4] ?? 0);
  if (host === null || port === null || port === 0 || database >= mostDatabases) return null;
  return { address: { host, port }, database, secure: parts[1]!.toLowerCase() === "rediss" };
}
