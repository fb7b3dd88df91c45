import type { CacheStoreConfig, Config, ListenerConfig } from "../config/model.ts";

/**
 * The config of one of several reactors: caps that the operator set for the whole process are
 * shared out, and so is memory. Every reactor gets at least one connection, because the kernel may hand it any.
 *
 * @param reactor 0-based
 */
export function shareOf(config: Config, reactor: number, reactors: number): Config {
  return {
    ...config,
    cache: shareOfCache(config.cache, reactors),
    listeners: config.listeners.map((listener) => shareOfListener(listener, reactor, reactors)),
  };
}

function shareOfCache({ memory, disk }: CacheStoreConfig, reactors: number): CacheStoreConfig {
  const part = (whole: number) => Math.floor(whole / reactors);
  return {
    memory: part(memory),
    disk: disk && { ...disk, size: part(disk.size), files: part(disk.files) },
  };
}

function shareOfListener(listener: ListenerConfig, reactor: number, reactors: number): ListenerConfig {
  const share = Math.floor(listener.maxConnections / reactors);
  const remainder = listener.maxConnections % reactors;
  return { ...listener, maxConnections: Math.max(1, share + (reactor < remainder ? 1 : 0)) };
}
