import { readlinkSync } from "node:fs";
import { dirname, join, parse, resolve, sep } from "node:path";

export interface WayToFile {
  /** Paths of the links on the way, the file itself included; the folder of each is reached by no link. */
  readonly links: readonly string[];
  /** Where the file is, or would be; reached by no link. */
  readonly end: string;
}

/** As many as Linux follows, and no more: links may lead in a circle. */
const mostLinks = 40;

/**
 * The links that lead to a file. One that may not be looked at, as on Deno above the folders that it may read, is taken for
 * a folder.
 *
 * @example
 * wayToFile("/srv/current/sluice.yaml"); // { links: ["/srv/current"], end: "/srv/releases/7/sluice.yaml" }
 */
export function wayToFile(file: string): WayToFile {
  const links: string[] = [];
  let end = parse(resolve(file)).root;
  let names = namesIn(resolve(file));
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const path = join(end, name);
    const target = links.length < mostLinks ? targetOf(path) : null;
    if (target === null) {
      end = path;
      continue;
    }
    links.push(path);
    const next = resolve(dirname(path), target, ...names);
    end = parse(next).root;
    names = namesIn(next);
  }
  return { links, end };
}

function namesIn(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((name) => name !== "");
}

/** Null: no link, or none that may be read. */
function targetOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
