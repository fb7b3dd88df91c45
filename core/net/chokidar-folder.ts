import type { FSWatcher } from "chokidar";
import type { FolderEvents } from "./folder-watchers.ts";

/**
 * Watches one folder and nothing in it: each event there is told, what it means is for those who hear of it. Loaded by the first
 * of them: a proxy without TLS and without a config file starts faster.
 */
export function watchByChokidar(path: string, { heard, failed }: FolderEvents): { close(): void } {
  let isClosed = false;
  let watcher: FSWatcher | null = null;
  void import("chokidar").then(({ watch }) => {
    if (isClosed) return;
    const ignored = (entry: string) => entry !== path;
    watcher = watch(path, {
      depth: 0,
      ignored,
      ignoreInitial: true,
      followSymlinks: false,
      persistent: false,
    })
      .on("raw", (event, name) => heard(event, name))
      // What changed before it was watched is looked at, too.
      .on("ready", () => heard("change", null))
      .on("error", failed);
  });
  return {
    close() {
      isClosed = true;
      void watcher?.close();
    },
  };
}
