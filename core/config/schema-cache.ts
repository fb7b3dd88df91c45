import { cacheBounds } from "./bounds.ts";
import { defaultCacheStore } from "./defaults.ts";
import { Type } from "./schema-builder.ts";
import { closed, size } from "./schema-terms.ts";

export const cache = Type.Object(
  {
    memory: size(
      defaultCacheStore.memory,
      cacheBounds.memory,
      "In memory, of each process; its reactors share it out.",
    ),
  },
  { description: "How much of the responses that policies keep stays where.", ...closed },
);
