import { readFileSync, statSync } from "node:fs";
import type { Logger } from "../observe/log.ts";
import type { PluginGenerations } from "./plugin-generations.ts";
import type { Reloader } from "./reloader.ts";

export interface ReloadTriggers {
  close(): void;
}

export interface ReloadTriggerOptions {
  /** The config file; null: there is none to watch. */
  readonly file: string | null;
  readonly generations: PluginGenerations;
  /** Null: there is nothing to reload, and SIGHUP says so. */
  readonly reloader: Reloader | null;
  readonly log: Logger;
}

/** Reloads on SIGHUP, and when the text of the config file or a plugin changes. */
export function watchForReload({ file, generations, reloader, log }: ReloadTriggerOptions): ReloadTriggers {
  const onHangup = () => {
    if (reloader === null) {
      log.warn({}, "Nothing to reload: there is no config file and no plugin");
    } else {
      void reloader.request();
    }
  };
  process.on("SIGHUP", onHangup);
  if (reloader !== null) generations.listen(() => void reloader.request("plugins"));
  const watch = file === null || reloader === null ? null : watchText(file, () => reloader.request(), log);
  return {
    close() {
      process.off("SIGHUP", onHangup);
      void watch?.then((started) => started.close());
    },
  };
}

/**
 * The directory holds other files whose events say nothing about this one, and an editor may
 * cause several events with one save: only another text counts.
 */
async function watchText(file: string, changed: () => void, log: Logger): Promise<ReloadTriggers> {
  let text = changedSinceStart(file) ? null : readText(file);
  // Only a run with a file pays for loading it.
  const { watchDirectoriesOf } = await import("../net/directory-watcher.ts");
  return watchDirectoriesOf([file], {
    changed() {
      const found = readText(file);
      if (found !== null && found !== text) {
        text = found;
        changed();
      }
    },
    failed(error) {
      log.warn({ err: error, file }, "Cannot watch the config file; SIGHUP still reloads it");
    },
  });
}

/** A save between reading the config and watching it would go unseen. */
function changedSinceStart(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= performance.timeOrigin;
}

/** Null while the file is away, as it is between the two steps of some editors' saves. */
function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
