import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";
import { whenSettled } from "../net/settle.ts";
import { isBeingCheckedOut } from "./checkout.ts";
import { type PlannedFolder, planWatch, samePlan, type WatchPlan } from "./watch-plan.ts";

/** An editor writes one file in a few steps that lie closer together than this, ms. */
const quietTime = 30;
/** A long burst of changes, such as a checkout, is looked at while it lasts, ms. */
const longestWait = 300;
/** A checkout that takes longer, or left its lock behind, is no longer waited for, ms. */
const longestCheckout = 10_000;
/** Folders that come or go without an event are looked for this often, ms. */
const searchInterval = 1000;
/**
 * Deno may not watch the folder above that of the plugins when it may not read it, and gives no event of a name that is a
 * link to itself by the time it looks.
 */
const missesEvents = "deno" in process.versions;
/** Folders appear while others are being watched; it ends as soon as nothing is new. */
const mostRounds = 5;

export interface PluginWatchOptions {
  /** The folder of plugins; it may be missing, and come. */
  readonly directory: string;
  /** Something changed and nothing more does: look again. What changed is told by the hash of what is compiled. */
  changed(): void;
  /** Watching does not work, for example because the system's limit of watches is reached. */
  failed(error: unknown): void;
}

export interface PluginWatch {
  /**
   * What the plugins are made of now: `inputs` of every CompiledPlugin and of a PluginError. When that
   * brings new folders, `changed` is called once more: a change before they were watched went unseen.
   */
  update(inputs: readonly string[]): void;
  close(): void;
}

interface Watched extends PlannedFolder {
  readonly watcher: FSWatcher;
}

/**
 * Watches plugins and everything they import from outside of packages. Start it before the plugins are read
 * for the first time, so that no change falls between. Keeps no process alive.
 *
 * @example
 * const watch = watchPlugins({ directory: "plugins", changed: () => reloader.request(), failed: log });
 * watch.update(compiled.flatMap(({ inputs }) => inputs));
 */
export function watchPlugins(options: PluginWatchOptions): PluginWatch {
  const watched = new Map<string, Watched>();
  let inputs: readonly string[] = [];
  let planned: WatchPlan = new Map();
  let heldSince: number | null = null;
  const settling = whenSettled(
    () => {
      if (isBeingCheckedOut(options.directory)) {
        heldSince ??= performance.now();
        if (performance.now() - heldSince < longestCheckout) return settling.touch();
      } else heldSince = null;
      // Watch first, look then: what comes between is an event of its own.
      arm();
      options.changed();
    },
    { quiet: quietTime, longest: longestWait },
  );

  /** Brings what is watched in line with the folders that there are; tells whether any is new. */
  function arm(): boolean {
    let isNew = false;
    for (let round = 0; round < mostRounds; round++) {
      planned = planWatch(options.directory, inputs);
      if (!follow(planned)) break;
      isNew = true;
    }
    return isNew;
  }

  const search = missesEvents ? setInterval(searchFolders, searchInterval).unref() : undefined;
  function searchFolders(): void {
    if (!samePlan(planned, planWatch(options.directory, inputs))) settling.touch();
  }

  function follow(plan: WatchPlan): boolean {
    for (const [path, { identity }] of watched) {
      if (plan.get(path)?.identity !== identity) forget(path);
    }
    let isNew = false;
    for (const folder of plan.values()) {
      const known = watched.get(folder.path);
      if (known !== undefined) watched.set(folder.path, { ...folder, watcher: known.watcher });
      else if (open(folder)) isNew = true;
    }
    return isNew;
  }

  function forget(path: string): void {
    watched.get(path)?.watcher.close();
    watched.delete(path);
  }

  function open(folder: PlannedFolder): boolean {
    try {
      const watcher = watch(folder.path, { persistent: false }, (event, name) => {
        const now = watched.get(folder.path);
        if (now?.watcher !== watcher || !matters(now, name)) return;
        // Its own name: the folder went away, and the next one may get the same inode.
        if (event === "rename" && name === basename(folder.path)) forget(folder.path);
        settling.touch();
      });
      watcher.on("error", options.failed);
      watched.set(folder.path, { ...folder, watcher });
      return true;
    } catch (error) {
      // A folder that went away meanwhile is seen by the one that held it.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") options.failed(error);
      return false;
    }
  }

  arm();
  return {
    update(current) {
      inputs = current;
      if (arm()) settling.touch();
    },
    close() {
      settling.close();
      clearInterval(search);
      for (const path of [...watched.keys()]) forget(path);
    },
  };
}

function matters({ path, names }: Watched, name: string | null): boolean {
  if (name === null || name === basename(path)) return true;
  return names === null ? !isScratch(name) : names.has(name);
}

/** Files that editors keep beside the one they edit. Names with two dots are Kubernetes' own: `..data`. */
function isScratch(name: string): boolean {
  return /^\.(?!\.)|~$|^#.*#$/.test(name);
}
