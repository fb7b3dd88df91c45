/** The section `stores` of `sluice.yaml`. */
import { storeTimeoutBounds } from "../bounds.ts";
import { defaultRedis } from "../defaults.ts";
import { redisUrlExpected } from "../redis-url.ts";
import { type Static, Type } from "./builder.ts";
import { clusterTls } from "./cluster.ts";
import { closed, duration, expected, text } from "./terms.ts";

const redis = Type.Object(
  {
    url: Type.String({
      description: "Where it is; rediss: with TLS. A number behind it is that of the database.",
      ...expected(redisUrlExpected),
    }),
    username: text("a name", { description: "User of its access list. Default: the default user." }),
    password: text("a password", { description: "Default: it asks for none." }),
    tls: Type.Optional(clusterTls),
    keyPrefix: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: "In front of every key; another one for each deployment that counts for itself.",
        default: defaultRedis.keyPrefix,
        ...expected("1 to 64 characters"),
      }),
    ),
    connectTimeout: duration(
      defaultRedis.connectTimeout,
      storeTimeoutBounds,
      "Until a new connection has to be usable.",
    ),
    commandTimeout: duration(
      defaultRedis.commandTimeout,
      storeTimeoutBounds,
      "Until an answer has to be there; then the store counts as lost.",
    ),
  },
  { description: "A Redis server from version 6 on, or one that speaks as it does.", ...closed },
);

export const stores = Type.Record(Type.String(), Type.Object({ redis }, closed), {
  description: "Stores that several machines share, by name: for policies that count in one.",
});

export type StoresInFile = Static<typeof stores>;
