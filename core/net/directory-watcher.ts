import { basename, dirname } from "node:path";
import { watchByChokidar } from "./chokidar-folder.ts";
import { type Place, planFolders, realPath } from "./folder-plan.ts";
import { FolderWatchers } from "./folder-watchers.ts";
import { whenSettled } from "./settle.ts";
import { wayToFile } from "./way-to-file.ts";

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

/**
 * Calls back after any event beside one of the files or beside a link that leads to it, and once when watching has begun.
 * Directories are watched and not the files: Kubernetes replaces a mounted secret by swapping the `..data` symlink beside
 * it, and certbot by renaming, which a watch on the file does not see. Keeps no process alive.
 */
export function watchDirectoriesOf(files: readonly string[], callbacks: WatchCallbacks): DirectoryWatch {
  let isClosed = false;
  const folders = new FolderWatchers({
    plan: () => planFolders(files.flatMap(placesOf)),
    changed: () => settling.touch(),
    // Whoever subscribes is told when it has its watch.
    failed: (error) => queueMicrotask(() => isClosed || callbacks.failed(error)),
    watch: watchByChokidar,
  });
  const settling = whenSettled(
    () => {
      // A link may lead elsewhere by now. What changed there before it was watched is looked at once more.
      if (folders.follow()) settling.touch();
      callbacks.changed();
    },
    { quiet: settleTime, longest: longestSettling },
  );
  folders.follow();
  settling.touch();
  return {
    close() {
      isClosed = true;
      settling.close();
      folders.close();
    },
  };
}

/** The folder that a file is in, and where another one may be put in its place. */
function placesOf(file: string): Place[] {
  const { links, end } = wayToFile(file);
  const folder = dirname(end);
  return [...links.map((link): Place => [dirname(link), basename(link)]), [folder, null], holderOf(folder)];
}

/** The folder above, or the nearest that there is, with the name in it. */
function holderOf(folder: string): Place {
  const holder = dirname(folder);
  return holder === folder || realPath(holder) !== null ? [holder, basename(folder)] : holderOf(holder);
}
