import { cacheBounds } from "./bounds.ts";
import { defaultCacheStore } from "./defaults.ts";
import type { CacheStoreConfig } from "./model.ts";
import { resolveSizes } from "./resolve-quantities.ts";
import type { ConfigFile } from "./schema.ts";
import type { ConfigSource } from "./source.ts";

/** What is wrong is reported to the source. */
export function resolveCache({ cache }: ConfigFile, source: ConfigSource): CacheStoreConfig {
  const { memory } = defaultCacheStore;
  const isCount = () => false;
  return resolveSizes(cache, { memory }, (key) => cacheBounds[key], isCount, ["cache"], source);
}
