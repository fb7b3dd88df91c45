import { cacheBounds, cacheKeepBounds } from "../bounds.ts";
import { defaultCacheDisk, defaultCacheRedis, defaultCacheStore } from "../defaults.ts";
import { Type } from "./builder.ts";
import { closed, count, duration, expected, size } from "./terms.ts";

const disk = Type.Object(
  {
    path: Type.String({
      minLength: 1,
      description: "A folder of its own, which is made when it is not there.",
      ...expected("a folder"),
    }),
    size: size(defaultCacheDisk.size, cacheBounds.size, "Of all files."),
    files: count(cacheBounds.files, {
      description: "Responses at most: each takes a file, and some memory to be found.",
      default: defaultCacheDisk.files,
    }),
  },
  {
    description:
      "Behind memory: for what has no room there, and for the time after a restart. Default: none.",
    ...closed,
  },
);

const redis = Type.Object(
  {
    store: Type.String({
      minLength: 1,
      description: "Name of one of the stores.",
      ...expected("the name of a store"),
    }),
    maxBody: size(defaultCacheRedis.maxBody, cacheBounds.maxBody, "Longer bodies stay in memory."),
    keep: duration(defaultCacheRedis.keep, cacheKeepBounds, "A response stays there at most."),
  },
  {
    description:
      "Behind memory, in the place of a disk: what one machine has asked for serves all, and a purge reaches all. Default: none.",
    ...closed,
  },
);

export const cache = Type.Object(
  {
    memory: size(
      defaultCacheStore.memory,
      cacheBounds.memory,
      "In memory, of each process; its reactors share it out.",
    ),
    disk: Type.Optional(disk),
    redis: Type.Optional(redis),
  },
  { description: "How much of the responses that policies keep stays where.", ...closed },
);
