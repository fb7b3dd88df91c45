import type { Address, CacheStoreConfig, Config, ListenerConfig } from "../config/model.ts";

export interface Sharing {
  /** 0-based. */
  readonly reactor: number;
  readonly reactors: number;
  /** Whether another process bound the sockets, so that all reactors have each of them. */
  readonly hasHandles: boolean;
}

/**
 * The config of one of several reactors: caps that the operator set for the whole process are
 * shared out, and so is memory. Every reactor gets at least one connection, because the kernel may hand it any.
 */
export function shareOf(config: Config, { reactor, reactors, hasHandles }: Sharing): Config {
  const isAlone = ({ address }: ListenerConfig) => !hasHandles && bindsOnce(address);
  return {
    ...config,
    cache: shareOfCache(config.cache, reactors),
    listeners: config.listeners
      .filter((listener) => reactor === 0 || !isAlone(listener))
      .map((listener) => (isAlone(listener) ? listener : shareOfListener(listener, reactor, reactors))),
  };
}

/** Whether reactors that bind for themselves cannot all have the address: the first one serves it then. */
export function bindsOnce(address: Address): boolean {
  return "path" in address || address.port === 0;
}

function shareOfCache({ memory, disk, redis }: CacheStoreConfig, reactors: number): CacheStoreConfig {
  const part = (whole: number) => Math.floor(whole / reactors);
  return {
    memory: part(memory),
    disk: disk && { ...disk, size: part(disk.size), files: part(disk.files) },
    redis,
  };
}

function shareOfListener(listener: ListenerConfig, reactor: number, reactors: number): ListenerConfig {
  const share = Math.floor(listener.maxConnections / reactors);
  const remainder = listener.maxConnections % reactors;
  return { ...listener, maxConnections: Math.max(1, share + (reactor < remainder ? 1 : 0)) };
}
