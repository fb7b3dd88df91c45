/**
 * Where each room stands. An import points down: from a room to one on a lower floor, or into the
 * room itself. Between two rooms of one floor only the pairs in `neighbours` may import.
 */
const floors: readonly (readonly string[])[] = [
  ["errors"],
  ["wire", "store", "config", "observe"],
  ["sandbox", "route", "net"],
  ["policy", "upstream"],
  ["reload", "proxy", "discovery"],
  ["control", "data"],
  ["cli", "testing", "index"],
];

/** Importer, imported and why: each pair goes one way, so the rooms of a floor stay in order too. */
const neighbours: readonly (readonly [importer: string, imported: string, reason: string])[] = [
  ["wire", "config", "the parsers take the limits"],
  ["observe", "config", "logs and metrics are set up from their config"],
  ["control", "data", "the control process speaks the data process's messages"],
];

/**
 * The room of a file under `core/`: the folder, or the name of a file that stands alone.
 *
 * @example
 * roomOf("core/wire/head.ts"); // "wire"
 * roomOf("core/errors.ts"); // "errors"
 */
export function roomOf(file: string): string {
  return file.split("/")[1]?.replace(/\.ts$/, "") ?? "";
}

/** Why `importer` must not import `imported` (paths from the root of the project), or null when it may. */
export function importFault(importer: string, imported: string): string | null {
  const [from, to] = [house(importer), house(imported)];
  if (from === "sdk") return to === "sdk" ? null : "sdk imports nothing of the host";
  if (from === "plugins") return pluginFault(importer, imported);
  if (to === "sdk") return null;
  if (to !== "core") return `core imports nothing of ${to}`;
  return roomFault(roomOf(importer), roomOf(imported));
}

/** What several built-in policies need alike; it imports no policy. */
const sharedByPlugins = "shared";

function pluginFault(importer: string, imported: string): string | null {
  if (house(imported) !== "plugins") return "plugins import the sdk alone";
  const room = roomOf(imported);
  return room === roomOf(importer) || room === sharedByPlugins
    ? null
    : "a plugin imports its own files alone";
}

function roomFault(from: string, to: string): string | null {
  if (from === to) return null;
  const [height, target] = [floorOf(from), floorOf(to)];
  if (height < 0) return `${from} has no floor`;
  if (target < 0) return `${to} has no floor`;
  if (height > target) return null;
  if (height < target) return `${to} stands above ${from}`;
  return neighbours.some(([importer, imported]) => importer === from && imported === to)
    ? null
    : `${to} stands beside ${from}`;
}

function floorOf(room: string): number {
  return floors.findIndex((rooms) => rooms.includes(room));
}

function house(file: string): string {
  return file.split("/")[0] ?? "";
}
