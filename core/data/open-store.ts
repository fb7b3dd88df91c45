import type { StoreConfig } from "../config/store-model.ts";
import { prepareClientTls } from "../net/tls/client-tls.ts";
import type { Logger } from "../observe/log.ts";
import type { StoreMetrics } from "../observe/store-metrics.ts";
import type { ConnectionOptions } from "../store/redis/connection.ts";
import { RedisStore } from "../store/redis/redis-store.ts";
import { type OpenStore, RemoteStores } from "../store/remote-stores.ts";

/** Null: nobody is told. */
type Log = () => Logger | null;

/** The stores that one reactor shares with other machines; nothing is opened before a config names them. */
export function remoteStores(metrics: StoreMetrics, log: Log): RemoteStores<StoreConfig> {
  return new RemoteStores((config) => createStore(config, metrics, log));
}

/**
 * How a server of the config is reached.
 *
 * @throws TlsFileError when a certificate file cannot be used
 */
export function connectionTo(
  redis: StoreConfig["redis"],
): Pick<ConnectionOptions, "client" | "connectTimeout" | "commandTimeout"> {
  const { username, password, database, connectTimeout, commandTimeout } = redis;
  const client = {
    socket: socketOf(redis),
    database,
    ...(username !== null && { username }),
    ...(password !== null && { password }),
  };
  return { client, connectTimeout, commandTimeout };
}

/** @throws TlsFileError when a certificate file cannot be used */
function createStore({ name, redis }: StoreConfig, metrics: StoreMetrics, log: Log): OpenStore {
  const slot = metrics.slot(name);
  let isUp = false;
  const setUp = (up: boolean) => {
    if (up !== isUp) metrics.up(slot, up ? 1 : -1);
    isUp = up;
  };
  return new RedisStore({
    ...connectionTo(redis),
    keyPrefix: redis.keyPrefix,
    observer: {
      state(lost) {
        setUp(lost === null);
        if (lost === null) log()?.info({ store: name }, "Store is connected");
        else log()?.warn({ store: name, reason: lost.message }, "Store is lost; it is tried again");
      },
      closed: () => setUp(false),
      call: (operations, ms) => metrics.call(slot, operations, ms),
      failed: (operations) => metrics.failed(slot, operations),
    },
  });
}

type SocketOptions = NonNullable<ConnectionOptions["client"]["socket"]>;

function socketOf({ address, tls }: StoreConfig["redis"]): SocketOptions {
  if ("path" in address) return { path: address.path, tls: false };
  if (tls === null) return address;
  const endpoint = { address, authority: address.host, weight: 1, zone: null, priority: 0 };
  // Redis knows no ALPN.
  const { ALPNProtocols: _, ...options } = prepareClientTls(tls, endpoint).options;
  return { ...address, ...options, tls: true } as SocketOptions;
}
