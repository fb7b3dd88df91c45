import { storeTimeoutBounds } from "../bounds.ts";
import { defaultRedis } from "../defaults.ts";
import { isName, nameExpected } from "../names.ts";
import { parseRedisUrl, redisUrlExpected } from "../redis-url.ts";
import type { StoresInFile } from "../schema/stores.ts";
import type { ConfigSource } from "../source/source.ts";
import type { Path } from "../source/value-path.ts";
import type { RedisConfig, StoreConfig } from "../store-model.ts";
import { resolveTlsOptions } from "./clusters.ts";
import { resolveDurations } from "./quantities.ts";

type RedisInFile = StoresInFile[string]["redis"];

/** The section `stores`; what is wrong with it is reported to the source. */
export function resolveStores(stores: StoresInFile | undefined, source: ConfigSource): StoreConfig[] {
  return Object.entries(stores ?? {}).map(([name, { redis }]) => {
    const path = ["stores", name];
    if (!isName(name)) source.reportKey(path, `expected ${nameExpected}, found ${JSON.stringify(name)}`);
    return { name, redis: resolveRedis(redis, [...path, "redis"], source) };
  });
}

function resolveRedis(redis: RedisInFile, path: Path, source: ConfigSource): RedisConfig {
  const place = parseRedisUrl(redis.url);
  if (place === null) source.report([...path, "url"], `expected ${redisUrlExpected}`);
  const { address = { path: "" }, database = 0, secure = false } = place ?? {};
  if (place !== null && redis.tls !== undefined && !secure) {
    source.report([...path, "tls"], "expected tls only beside a URL with rediss:");
  }
  if (redis.username !== undefined && redis.password === undefined) {
    source.report([...path, "username"], "expected a password beside username, found none");
  }
  const { connectTimeout, commandTimeout } = defaultRedis;
  const defaults = { connectTimeout, commandTimeout };
  return {
    address,
    database,
    username: redis.username ?? null,
    password: redis.password ?? null,
    tls: secure ? resolveTlsOptions(redis.tls ?? {}, [...path, "tls"], source) : null,
    keyPrefix: redis.keyPrefix ?? defaultRedis.keyPrefix,
    ...resolveDurations(redis, defaults, () => storeTimeoutBounds, path, source),
  };
}
