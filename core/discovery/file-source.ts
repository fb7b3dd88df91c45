import { ConfigError, formatProblem } from "../config/problem.ts";
import { readConfigText } from "../config/source/read-text.ts";
import type { DiscoveredEndpoint, DiscoveryConfig } from "../config/traffic-model.ts";
import { type DirectoryWatch, watchDirectoriesOf } from "../net/directory-watcher.ts";
import { describe } from "./describe.ts";
import { parseEndpointList } from "./endpoint-list.ts";
import { repeating } from "./run-source.ts";
import type { DiscoverySource, SourceSetting } from "./source.ts";
import { SourceProblem } from "./source-problem.ts";

type FileConfig = Extract<DiscoveryConfig, { kind: "file" }>;

/** ms after which a file is read again though nothing was seen: file systems of the network tell of no change. */
const rereadAfter = 60_000;
/** ms, when changes are not told at all. */
const rereadUnwatched = 5_000;

/**
 * A file with a list of endpoints, read again when anything in its directory changes: also when a ConfigMap is
 * replaced, by swapping the `..data` link beside it. Write it by renaming a new file onto it: of one that is
 * overwritten, half may be read, and half a list may be a list.
 */
export function fileSource(config: FileConfig, setting: SourceSetting): DiscoverySource {
  return repeating(describe(config), setting, (wake) => {
    let watchFault: SourceProblem | null = null;
    let latest: { readonly text: string; readonly list: readonly DiscoveredEndpoint[] } | null = null;
    const watch: DirectoryWatch = watchDirectoriesOf([config.path], {
      changed: wake,
      failed(error) {
        if (watchFault !== null) return;
        const found = (error as NodeJS.ErrnoException).code ?? String(error);
        watchFault = new SourceProblem("unwatched", `cannot be watched (${found}), so it is read every 5 s`);
        wake();
      },
    });
    return {
      async ask(tell) {
        try {
          const text = await readConfigText(config.path);
          if (latest?.text !== text) {
            latest = { text, list: parseEndpointList(config.path, text, setting.secure) };
          }
        } catch (error) {
          throw problemOf(error);
        }
        tell(latest.list, watchFault === null ? [] : [watchFault]);
        return watchFault === null ? rereadAfter : rereadUnwatched;
      },
      close: () => watch.close(),
    };
  });
}

/** With the place of the first thing that is wrong, and how many more there are. */
function problemOf(error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  const [first, ...others] = error.problems;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const kind = first!.kind === "unreadable" ? "unreadable" : "malformed";
  return new SourceProblem(kind, `${formatProblem(first!)}${more}`);
}
