import { createHash } from "node:crypto";
import { lstatSync, statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { includedFiles, readPlainFile } from "../config/source/included-files.ts";
import { wayToFile } from "../net/way-to-file.ts";
import type { Logger } from "../observe/log.ts";
import { Checkouts } from "../reload/checkout.ts";
import type { PluginGenerations } from "./plugins/generations.ts";
import type { Reloader } from "./reloader.ts";

/** How often is looked whether git is done, ms. */
const checkoutInterval = 50;

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

/** Reloads on SIGHUP, and when the text of the config file, of a file that it takes in, or of a plugin changes. */
export function watchForReload({ file, generations, reloader, log }: ReloadTriggerOptions): ReloadTriggers {
  const onHangup = () => {
    if (reloader === null) {
      log.warn({}, "Nothing to reload: there is no config file and no plugin");
    } else {
      generations.forgetCompiled();
      void reloader.request(file === null ? "plugins" : "config");
    }
  };
  process.on("SIGHUP", onHangup);
  if (reloader !== null) generations.listen(() => void reloader.request("plugins"));
  const watch =
    file === null || reloader === null
      ? null
      : watchTexts(file, { changed: () => reloader.request(), pluginsIn: () => generations.directory, log });
  return {
    close() {
      process.off("SIGHUP", onHangup);
      void watch?.then((started) => started.close());
    },
  };
}

interface TextWatchOptions {
  changed(): void;
  /** The folder of plugins that is read with the config; null: there is none. */
  pluginsIn(): string | null;
  readonly log: Logger;
}

/**
 * The directories hold other files whose events say nothing about these, and an editor may
 * cause several events with one save: only other texts count.
 */
async function watchTexts(
  file: string,
  { changed, pluginsIn, log }: TextWatchOptions,
): Promise<ReloadTriggers> {
  const first = readTexts(file);
  let files = first?.files ?? [file];
  let text = first === null || changedSinceStart(files) ? null : first.text;
  // Only a run with a file pays for loading it.
  const { watchDirectoriesOf } = await import("../net/directory-watcher.ts");
  const checkouts = new Checkouts();
  let retry: NodeJS.Timeout | undefined;
  const callbacks = {
    changed() {
      clearTimeout(retry);
      const plugins = pluginsIn();
      if (checkouts.areUnderWay(plugins === null ? [file] : [file, plugins])) {
        // That git is done need not be an event here.
        retry = setTimeout(callbacks.changed, checkoutInterval).unref();
        return;
      }
      const found = readTexts(file);
      if (found === null || found.text === text) return;
      text = found.text;
      if (!isDeepStrictEqual(found.files, files)) {
        files = found.files;
        watch.close();
        watch = watchDirectoriesOf(files, callbacks);
      }
      changed();
    },
    failed(error: unknown) {
      log.warn({ err: error, file }, "Cannot watch the config file; SIGHUP still reloads it");
    },
  };
  let watch = watchDirectoriesOf(files, callbacks);
  return {
    close() {
      clearTimeout(retry);
      watch.close();
    },
  };
}

/** A save between reading the config and watching it would go unseen, also one that keeps the time of what is saved. */
function changedSinceStart(files: readonly string[]): boolean {
  const options = { throwIfNoEntry: false } as const;
  const times = files.flatMap((file) => [
    statSync(file, options)?.mtimeMs,
    statSync(file, options)?.ctimeMs,
    ...wayToFile(file).links.map((link) => lstatSync(link, options)?.ctimeMs),
  ]);
  return times.some((time) => time !== undefined && time >= performance.timeOrigin);
}

interface Texts {
  /** The config file and those whose text it takes in. */
  readonly files: readonly string[];
  /** Stands for what is in them. */
  readonly text: string;
}

/** Null while the file is away, as it is between the two steps of some editors' saves, and for a pipe. */
function readTexts(file: string): Texts | null {
  const config = readText(file);
  if (config === null) return null;
  const files = [file, ...includedFiles(file, config)];
  const hash = createHash("sha256");
  for (const each of files) hash.update(`${readText(each) ?? ""}\0`);
  return { files, text: hash.digest("base64") };
}

function readText(file: string): string | null {
  try {
    // What is too large is refused, whatever it says.
    return readPlainFile(file)?.toString() ?? "";
  } catch {
    return null;
  }
}
