import { watch } from "node:fs";
import { basename } from "node:path";
import { type PlannedFolder, samePlan, type WatchPlan } from "./folder-plan.ts";

/** Folders that come or go without an event are looked for this often, ms. */
const searchInterval = 1000;
/**
 * Deno may not watch the folder above another when it may not read it, and gives no event of a name that is a link to
 * itself by the time it looks.
 */
const missesEvents = "deno" in process.versions;
/** Folders appear while others are being watched; it ends as soon as nothing is new. */
const mostRounds = 5;

/** Who hears of one folder. */
export interface FolderEvents {
  /** @param name of the entry; null: it is not known */
  heard(event: string, name: string | null): void;
  failed(error: unknown): void;
}

export interface FolderWatchersOptions {
  /** What to watch now. */
  plan(): WatchPlan;
  /** There was an event of a name that counts, or there is something else to watch: follow it. */
  changed(): void;
  /** A folder cannot be watched, for example because the system's limit of watches is reached. Told once for each. */
  failed(error: unknown): void;
  /** Whether the events of an entry count where those of all entries do. */
  matters?(folder: PlannedFolder, name: string): boolean;
  /** Watches one folder, and keeps no process alive. Default: the system's own watch, which is there when it returns. */
  watch?(path: string, events: FolderEvents): { close(): void };
}

interface Watched extends PlannedFolder {
  readonly watcher: { close(): void };
}

/** Watches the folders of a plan that changes with them. Keeps no process of Node's alive; on Deno it has to be closed. */
export class FolderWatchers {
  readonly #options: FolderWatchersOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #failed = new Set<string>();
  #planned: WatchPlan = new Map();
  #search: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: FolderWatchersOptions) {
    this.#options = options;
    if (missesEvents) this.#startSearch();
  }

  /** Brings what is watched in line with the folders that there are; tells whether any is new. */
  follow(): boolean {
    if (this.#isClosed) return false;
    let isNew = false;
    for (let round = 0; round < mostRounds; round++) {
      this.#planned = this.#options.plan();
      if (!this.#watchPlanned()) break;
      isNew = true;
    }
    return isNew;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#search ?? undefined);
    for (const path of [...this.#watched.keys()]) this.#forget(path);
  }

  #watchPlanned(): boolean {
    for (const [path, { identity }] of this.#watched) {
      if (this.#planned.get(path)?.identity !== identity) this.#forget(path);
    }
    let isNew = false;
    for (const folder of this.#planned.values()) {
      const known = this.#watched.get(folder.path);
      if (known !== undefined) this.#watched.set(folder.path, { ...folder, watcher: known.watcher });
      else if (this.#open(folder)) isNew = true;
    }
    return isNew;
  }

  #forget(path: string): void {
    this.#watched.get(path)?.watcher.close();
    this.#watched.delete(path);
  }

  #open(folder: PlannedFolder): boolean {
    const { path } = folder;
    const events: FolderEvents = {
      heard: (event, name) => {
        const now = this.#watched.get(path);
        if (now?.watcher !== watcher || !this.#matters(now, name)) return;
        // Its own name: the folder went away, and the next one may get the same inode.
        if (event === "rename" && name === basename(path)) this.#forget(path);
        this.#options.changed();
      },
      failed: (error) => this.#onRefusal(folder, error),
    };
    let watcher: { close(): void };
    try {
      watcher = (this.#options.watch ?? watchNatively)(path, events);
    } catch (error) {
      this.#onRefusal(folder, error);
      return false;
    }
    this.#watched.set(path, { ...folder, watcher });
    this.#failed.delete(path);
    return true;
  }

  #onRefusal({ path, names }: PlannedFolder, error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    // A folder that went away meanwhile is seen by the one that held it.
    if (code === "ENOENT") return;
    // One that merely holds another may be entered, and not listed.
    if (code === "EACCES" && names !== null) this.#startSearch();
    else if (!this.#failed.has(path)) {
      this.#failed.add(path);
      this.#options.failed(error);
    }
  }

  #matters(folder: PlannedFolder, name: string | null): boolean {
    if (name === null || name === basename(folder.path)) return true;
    if (folder.names !== null) return folder.names.has(name);
    return this.#options.matters?.(folder, name) ?? true;
  }

  #startSearch(): void {
    this.#search ??= setInterval(() => {
      if (!samePlan(this.#planned, this.#options.plan())) this.#options.changed();
    }, searchInterval).unref();
  }
}

function watchNatively(path: string, { heard, failed }: FolderEvents): { close(): void } {
  // So Deno tells also what Node throws.
  return watch(path, { persistent: false }, heard).on("error", failed);
}
