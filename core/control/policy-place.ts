/** Where the config file says what a policy refused. */
import { type Path, pathOfPointer } from "../config/source/value-path.ts";
import { PlaneError } from "../data/calls.ts";
import type { FinderUse, PolicyUse } from "../policy/load-error.ts";

/**
 * The places of a policy's setting, the closest one first: of what the message names, of the policy's config, of the plugin's, of the policy.
 *
 * @param message as a schema's check tells it (`config/hsts/maxAge must be integer`), or as `setup` does (`Cannot use hsts.preload: ...`)
 */
export function placesOf({ route, index }: PolicyUse, plugin: string, message: string): Path[] {
  const use: Path = ["routes", route, "policies", index];
  return [
    ...placesIn([...use, "config"], message),
    ...placesIn(["plugins", "settings", plugin, "config"], message),
    use,
  ];
}

/** As `placesOf`, for the config of a cluster's discovery. */
export function placesOfFinder({ cluster }: FinderUse, plugin: string, message: string): Path[] {
  const discovery: Path = ["clusters", cluster, "discovery"];
  return [
    ...placesIn([...discovery, "config"], message),
    ...placesIn(["plugins", "settings", plugin, "config"], message),
    [...discovery, "plugin"],
  ];
}

/** As far as they are within the config at a path, which is the last one. */
function placesIn(config: Path, message: string): Path[] {
  const inside = settingIn(message);
  return Array.from({ length: inside.length + 1 }, (_, less) => [
    ...config,
    ...inside.slice(0, inside.length - less),
  ]);
}

/** The setting that a message begins with; empty: none. */
function settingIn(message: string): readonly string[] {
  const pointer = /^(?:Cannot use )?config(\/[^\s:]*)?/.exec(message);
  if (pointer !== null) return pathOfPointer(pointer[1] ?? "");
  const name = /^(?:Cannot use )?(?:rule )?([A-Za-z][\w-]*(?:[./][\w-]+|\[\d+\])*)/.exec(message)?.[1];
  return name?.match(/[\w-]+/g) ?? [];
}

/**
 * The refusal of a data plane, with the place in the config file where that is the operator's. What is wrong with the
 * plugin itself, and a config that the file does not hold, keep their place in the author's file.
 *
 * @param file null: there is none
 */
export async function withPlace(error: unknown, file: string | null): Promise<unknown> {
  if (!(error instanceof PlaneError) || file === null) return error;
  const { message, plugin, use } = error;
  const [, said = null] = /^Cannot use the config of [^:]*: (.*)/s.exec(message) ?? [];
  const isAuthors = said === null && error.problems.length > 0;
  if (plugin === null || use === null || isAuthors) return error;
  // Only now: while nothing is wrong nobody needs the text.
  const { ConfigPlaces } = await import("./config-places.ts");
  const places = await ConfigPlaces.of(file).catch(() => null);
  const problem = places?.problemAt(pathsOf(use, plugin, said), message) ?? null;
  return problem === null ? error : new PlaneError({ error: message, plugin, problems: [problem], use });
}

/** @param said what is wrong with the config; null: it is the use itself */
function pathsOf(use: PolicyUse | FinderUse, plugin: string, said: string | null): Path[] {
  if ("cluster" in use)
    return said === null
      ? [["clusters", use.cluster, "discovery", "plugin"]]
      : placesOfFinder(use, plugin, said);
  const policy: Path = ["routes", use.route, "policies", use.index];
  return said === null ? [[...policy, "plugin"], policy] : placesOf(use, plugin, said);
}
