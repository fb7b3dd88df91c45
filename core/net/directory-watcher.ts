import { dirname, resolve } from "node:path";
import type { FSWatcher } from "chokidar";
import { whenSettled } from "./settle.ts";

/** Long enough for a certificate and its key to be written both, ms. */
const settleTime = 100;
/** Other files of the directory may change all the time, as a log does, ms. */
const longestSettling = 1000;

export interface WatchCallbacks {
  /** Something in one of the directories changed; what, is for the subscriber to find out. */
  changed(): void;
  /** Watching does not work, for example because the system's limit of watches is reached. */
  failed(error: unknown): void;
}

export interface DirectoryWatch {
  close(): void;
}

interface Subscription extends WatchCallbacks {
  readonly directories: ReadonlySet<string>;
}

/** All subscriptions of the thread share one watcher, which is closed with the last of them. */
const subscriptions = new Set<Subscription>();
let watcher: Promise<FSWatcher> | null = null;
/** Whom an event concerns is not worked out: looking at a few small files is cheaper than being wrong. */
const settling = whenSettled(
  () => {
    for (const subscription of subscriptions) subscription.changed();
  },
  { quiet: settleTime, longest: longestSettling },
);

/**
 * Calls back after any event beside one of the files, and once when watching has begun. Directories are
 * watched and not the files: Kubernetes replaces a mounted secret by swapping the `..data` symlink beside
 * it, and certbot by renaming, which a watch on the file does not see.
 */
export function watchDirectoriesOf(files: readonly string[], callbacks: WatchCallbacks): DirectoryWatch {
  const directories = new Set(files.map((file) => dirname(resolve(file))));
  const subscription: Subscription = {
    directories,
    changed: () => callbacks.changed(),
    failed: (error) => callbacks.failed(error),
  };
  subscriptions.add(subscription);
  watcher ??= startWatcher();
  void watcher.then((started) => started.add([...directories]));
  settling.touch();
  return { close: () => unsubscribe(subscription) };
}

/** Loaded by the first subscriber: a proxy without TLS and without a config file starts faster. */
async function startWatcher(): Promise<FSWatcher> {
  const { watch } = await import("chokidar");
  return watch([], { depth: 0, followSymlinks: false, persistent: false })
    .on("all", () => settling.touch())
    .on("error", (error) => {
      for (const subscription of subscriptions) subscription.failed(error);
    });
}

function unsubscribe(subscription: Subscription): void {
  if (!subscriptions.delete(subscription)) return;
  if (subscriptions.size === 0) {
    settling.close();
    void watcher?.then((started) => started.close());
    watcher = null;
    return;
  }
  const unwatched = [...subscription.directories].filter((directory) => !isWatched(directory));
  void watcher?.then((started) => started.unwatch(unwatched));
}

function isWatched(directory: string): boolean {
  return [...subscriptions].some((subscription) => subscription.directories.has(directory));
}
