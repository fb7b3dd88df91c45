import { dirname, resolve } from "node:path";
import { cacheBounds, cacheKeepBounds } from "../bounds.ts";
import { defaultCacheDisk, defaultCacheRedis, defaultCacheStore } from "../defaults.ts";
import type { CacheDiskConfig, CacheRedisConfig, CacheStoreConfig } from "../model.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import { didYouMean } from "../suggest.ts";
import { resolveDurations, resolveSizes } from "./quantities.ts";

/** What is wrong is reported to the source. */
export function resolveCache({ cache, stores }: ConfigFile, source: ConfigSource): CacheStoreConfig {
  const { memory } = defaultCacheStore;
  const { disk, redis } = cache ?? {};
  if (disk !== undefined && redis !== undefined) {
    source.report(["cache", "redis"], "expected disk or redis behind memory, found both");
  }
  return {
    ...resolveSizes(
      cache,
      { memory },
      () => cacheBounds.memory,
      () => false,
      ["cache"],
      source,
    ),
    disk: disk === undefined ? null : resolveDisk(disk, source),
    redis: redis === undefined ? null : resolveRedis(redis, Object.keys(stores ?? {}), source),
  };
}

type DiskInFile = NonNullable<NonNullable<ConfigFile["cache"]>["disk"]>;
type RedisInFile = NonNullable<NonNullable<ConfigFile["cache"]>["redis"]>;

/** @param stores every name that there is */
function resolveRedis(redis: RedisInFile, stores: readonly string[], source: ConfigSource): CacheRedisConfig {
  const { maxBody, keep } = defaultCacheRedis;
  const path = ["cache", "redis"];
  const { store } = redis;
  if (!stores.includes(store)) {
    const known = stores.length === 0 ? "" : `, one of ${stores.slice(0, 10).join(", ")}`;
    source.expect([...path, "store"], `the name of a store${known}`, store, didYouMean(store, stores));
  }
  return {
    store,
    ...resolveSizes(
      redis,
      { maxBody },
      () => cacheBounds.maxBody,
      () => false,
      path,
      source,
    ),
    ...resolveDurations(redis, { keep }, () => cacheKeepBounds, path, source),
  };
}

function resolveDisk(disk: DiskInFile, source: ConfigSource): CacheDiskConfig {
  const { size } = defaultCacheDisk;
  const path = ["cache", "disk"];
  return {
    path: resolve(dirname(source.file), disk.path),
    ...resolveSizes(
      disk,
      { size },
      () => cacheBounds.size,
      () => false,
      path,
      source,
    ),
    files: disk.files ?? defaultCacheDisk.files,
  };
}
