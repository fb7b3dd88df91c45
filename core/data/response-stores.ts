/** The stores of responses of one reactor, as the config has them: memory, and a disk or Redis behind it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { CacheDiskConfig, CacheRedisConfig, Config } from "../config/model.ts";
import type { StoreConfig } from "../config/store-model.ts";
import { durationBounds, durationBucket } from "../observe/labels.ts";
import type { Logger } from "../observe/log.ts";
import { DiskStore } from "../store/disk/disk-store.ts";
import { purgeOf } from "../store/redis/responses/purge-marks.ts";
import { RedisResponses } from "../store/redis/responses/redis-responses.ts";
import type { ResponseStore } from "../store/responses/response-store.ts";
import { evictionFor } from "../store/stores.ts";
import { connectionTo } from "./open-store.ts";

/** Time for the last writes, when the process ends, in ms. */
const lastWrites = 2000;

/** What is behind memory, and where. */
type Behind =
  | { readonly path: string; readonly store: DiskStore }
  | { readonly settings: object; readonly store: RedisResponses };

export class ResponseStores {
  private readonly memory: ResponseStore;
  private readonly reactor: number;
  private behind: Behind | null = null;

  constructor(memory: ResponseStore, reactor: number) {
    this.memory = memory;
    this.reactor = reactor;
  }

  /** Whether other machines have a part in them. */
  get isShared(): boolean {
    return this.behind?.store instanceof RedisResponses;
  }

  /** Nothing waits for what is behind memory: until it is known what is there, it is not found. */
  configure({ cache, stores, workers }: Config, log: Logger): void {
    const { memory, disk, redis } = cache;
    this.memory.resize(memory);
    const store = redis && stores.find(({ name }) => name === redis.store);
    if (redis !== null && store != null) this.shareWith(redis, store, log);
    else this.writeTo(disk, log);
    if (disk !== null && this.reactor === 0) void removeOthers(disk.path, workers);
  }

  /** Waits a little for what is being written. */
  async close(): Promise<void> {
    if (this.behind === null) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), lastWrites);
    await Promise.race([this.behind.store.close(), late.promise]);
    clearTimeout(timer);
  }

  private writeTo(disk: CacheDiskConfig | null, log: Logger): void {
    const path = disk && join(disk.path, folderOf(this.reactor));
    const { behind } = this;
    if (behind !== null && "path" in behind && behind.path === path) {
      behind.store.resize(disk!.size, disk!.files);
      return;
    }
    this.replace(path === null ? null : { path, store: this.openDisk(disk!, path, log) });
  }

  private shareWith(config: CacheRedisConfig, store: StoreConfig, log: Logger): void {
    const settings = { config, redis: store.redis };
    const { behind } = this;
    if (behind !== null && "settings" in behind && isDeepStrictEqual(behind.settings, settings)) return;
    this.replace({ settings, store: this.openRedis(config, store, log) });
  }

  private replace(behind: Behind | null): void {
    void this.behind?.store.close();
    this.behind = behind;
    this.memory.second = behind?.store ?? null;
  }

  private openDisk({ size, files }: CacheDiskConfig, path: string, log: Logger): DiskStore {
    return new DiskStore({
      path,
      size,
      files,
      eviction: evictionFor,
      isPurged: (labels) => this.memory.wasPurged(labels),
      onState(error) {
        if (error === null) log.info({ path }, "The disk of the cache works again");
        else log.error({ path, err: error }, "The disk of the cache fails: it is done without");
      },
    });
  }

  private openRedis({ maxBody, keep }: CacheRedisConfig, { name, redis }: StoreConfig, log: Logger) {
    const { memory } = this;
    const opened = new RedisResponses({
      ...connectionTo(redis),
      keyPrefix: redis.keyPrefix,
      maxBody,
      keep,
      durations: durations(),
      isPurged: (labels, since) => memory.wasPurged(labels, since),
      onPurge(mark, at) {
        const purge = mark && purgeOf(mark);
        if (purge !== null) memory.purgeHere(mark!.scope, purge, mark!.isSoft ? at : null, null);
        else if (mark !== null) memory.deletePrefixHere(mark.label);
        else memory.purgeAllHere();
      },
      onState(lost) {
        if (lost === null) log.info({ store: name }, "The store of the cache is connected");
        else
          log.warn(
            { store: name, reason: lost.message },
            "The store of the cache is lost: it is done without",
          );
      },
      onRefusal(reason) {
        if (reason === null) log.info({ store: name }, "The store of the cache takes responses again");
        else log.warn({ store: name, reason }, "The store of the cache takes no responses");
      },
    });
    void opened.open();
    return opened;
  }
}

function durations() {
  const buckets: number[] = new Array(durationBounds.length + 1).fill(0);
  let sum = 0;
  return {
    add(ms: number) {
      buckets[durationBucket(ms)]!++;
      sum += ms;
    },
    report: () => ({ buckets: [...buckets], ms: sum }),
  };
}

function folderOf(reactor: number): string {
  return `reactor-${reactor}`;
}

/** Of reactors that there are no more. They were numbered without a gap. */
async function removeOthers(path: string, workers: number): Promise<void> {
  for (let reactor = workers; reactor < workers + 256; reactor++) {
    try {
      await rm(join(path, folderOf(reactor)), { recursive: true });
    } catch {
      return;
    }
  }
}
