import { join } from "node:path";
import { FolderWatchers } from "../net/folder-watchers.ts";
import { whenSettled } from "../net/settle.ts";
import { Checkouts } from "./checkout.ts";
import { planWatch } from "./watch-plan.ts";

/** An editor writes one file in a few steps that lie closer together than this, ms. */
const quietTime = 30;
/** A long burst of changes, such as a checkout, is looked at while it lasts, ms. */
const longestWait = 300;

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

/**
 * Watches plugins and everything they import from outside of packages. Start it before the plugins are read
 * for the first time, so that no change falls between. Keeps no process alive.
 *
 * @example
 * const watch = watchPlugins({ directory: "plugins", changed: () => reloader.request(), failed: log });
 * watch.update(compiled.flatMap(({ inputs }) => inputs));
 */
export function watchPlugins(options: PluginWatchOptions): PluginWatch {
  let inputs: readonly string[] = [];
  const checkouts = new Checkouts();
  const folders = new FolderWatchers({
    plan: () => planWatch(options.directory, inputs),
    changed: () => settling.touch(),
    failed: options.failed,
    matters: ({ path }, name) => !isScratch(name) || inputs.includes(join(path, name)),
  });
  const settling = whenSettled(
    () => {
      if (checkouts.areUnderWay([options.directory])) return settling.touch();
      // Watch first, look then: what comes between is an event of its own.
      folders.follow();
      options.changed();
    },
    { quiet: quietTime, longest: longestWait },
  );

  folders.follow();
  return {
    update(current) {
      inputs = current;
      if (folders.follow()) settling.touch();
    },
    close() {
      settling.close();
      folders.close();
    },
  };
}

/** Files that editors keep beside the one they edit. Names with two dots are Kubernetes' own: `..data`. */
function isScratch(name: string): boolean {
  return /^\.(?!\.)|~$|^#.*#$/.test(name);
}
