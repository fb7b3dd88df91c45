import { dirname, resolve } from "node:path";
import { cacheBounds } from "../bounds.ts";
import { defaultCacheDisk, defaultCacheStore } from "../defaults.ts";
import type { CacheDiskConfig, CacheStoreConfig } from "../model.ts";
import type { ConfigFile } from "../schema/schema.ts";
import type { ConfigSource } from "../source/source.ts";
import { resolveSizes } from "./quantities.ts";

/** What is wrong is reported to the source. */
export function resolveCache({ cache }: ConfigFile, source: ConfigSource): CacheStoreConfig {
  const { memory } = defaultCacheStore;
  return {
    ...resolveSizes(
      cache,
      { memory },
      () => cacheBounds.memory,
      () => false,
      ["cache"],
      source,
    ),
    disk: cache?.disk === undefined ? null : resolveDisk(cache.disk, source),
  };
}

type DiskInFile = NonNullable<NonNullable<ConfigFile["cache"]>["disk"]>;

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
