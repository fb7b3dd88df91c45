import { realpathSync, statSync } from "node:fs";

/** One folder to watch. */
export interface PlannedFolder {
  /** Links resolved. */
  readonly path: string;
  /** Changes when another folder comes to lie at this path. */
  readonly identity: string;
  /** Entries whose events count; null: all of them. */
  readonly names: ReadonlySet<string> | null;
}

export type WatchPlan = ReadonlyMap<string, PlannedFolder>;

/** A folder, and the name in it whose events count; null: all of them. */
export type Place = readonly [folder: string, name: string | null];

/**
 * What to watch for places, of which several may be in one folder. A folder that is missing, or may not be looked at, is
 * left out.
 */
export function planFolders(places: Iterable<Place>): WatchPlan {
  const plan = new Map<string, PlannedFolder & { names: Set<string> | null }>();
  for (const [folder, name] of places) {
    const path = realPath(folder);
    if (path === null) continue;
    const planned = plan.get(path) ?? { path, identity: identityOf(path), names: new Set() };
    plan.set(path, planned);
    if (name === null) planned.names = null;
    else planned.names?.add(name);
  }
  return plan;
}

/** Whether both mean the same folders. */
export function samePlan(a: WatchPlan, b: WatchPlan): boolean {
  return (
    a.size === b.size && [...a.values()].every(({ path, identity }) => b.get(path)?.identity === identity)
  );
}

/** Links resolved. Null: there is nothing, or nothing that may be looked at. */
export function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}
