/** The stores of responses of one reactor, as the config has them: memory, and a disk behind it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CacheDiskConfig, CacheStoreConfig } from "../config/model.ts";
import type { Logger } from "../observe/log.ts";
import { DiskStore } from "../store/disk/disk-store.ts";
import type { ResponseStore } from "../store/response-store.ts";
import { evictionFor } from "../store/stores.ts";

/** Time for the last writes, when the process ends, in ms. */
const lastWrites = 2000;

export class ResponseStores {
  private readonly memory: ResponseStore;
  private readonly reactor: number;
  private disk: { readonly path: string; readonly store: DiskStore } | null = null;

  constructor(memory: ResponseStore, reactor: number) {
    this.memory = memory;
    this.reactor = reactor;
  }

  /** Nothing waits for the disk: until it is known what is there, it is not found. */
  configure({ memory, disk }: CacheStoreConfig, workers: number, log: Logger): void {
    this.memory.resize(memory);
    const path = disk && join(disk.path, folderOf(this.reactor));
    if (this.disk !== null && this.disk.path === path) {
      this.disk.store.resize(disk!.size, disk!.files);
      return;
    }
    void this.disk?.store.close();
    this.disk = path === null ? null : { path, store: this.open(disk!, path, log) };
    this.memory.second = this.disk?.store ?? null;
    if (disk !== null && this.reactor === 0) void removeOthers(disk.path, workers);
  }

  /** Waits a little for what is being written. */
  async close(): Promise<void> {
    if (this.disk === null) return;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(() => late.resolve(), lastWrites);
    await Promise.race([this.disk.store.close(), late.promise]);
    clearTimeout(timer);
  }

  private open({ size, files }: CacheDiskConfig, path: string, log: Logger): DiskStore {
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
