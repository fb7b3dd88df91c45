import { isIndex } from "./json-path.ts";
import type { TextAct } from "./text-act.ts";

/** A member, or all members and items, that edits are about or lead through. */
export interface Spot {
  /** JSON of the name; empty: any. */
  readonly name: string;
  /** Null: edits lead through it. */
  readonly act: TextAct | null;
  readonly inner: Level;
}

/** What edits are about in one object or list. */
export interface Level {
  readonly spots: Spot[];
  /** Every member and item; there are no others then. */
  every: Spot | null;
  /** Whether the same is looked for in all that lies below. */
  isDeep: boolean;
  /** JSON of names that others are to get. */
  readonly taken: string[];
}

/** Spots are counted in the bits of a number. */
const mostSpots = 30;

export function newLevel(): Level {
  return { spots: [], every: null, isDeep: false, taken: [] };
}

/** Whether a level leads into lists: a plain name would be an index there. */
export function entersLists({ every, isDeep }: Level): boolean {
  return every !== null || isDeep;
}

/**
 * Adds an edit to those that are done in one walk, in whichever order members come: each is about a place of its own, and none
 * lies in another.
 *
 * @param path with `*`, and with one `**` before its last name
 * @returns false where the edit has to wait for those before, or leads somewhere else
 */
export function place(root: Level, path: readonly string[], act: TextAct): boolean {
  const isWild = path.includes("*") || path.includes("**");
  if (!isWild) return placeNamed(root, path, act);
  const isAlone = root.spots.length === 0 && root.every === null && !root.isDeep;
  return isAlone && placeWild(root, path, act);
}

function placeNamed(root: Level, path: readonly string[], act: TextAct): boolean {
  let level = root;
  for (const [index, segment] of path.entries()) {
    if (level.every !== null || level.isDeep) return false;
    const name = JSON.stringify(segment);
    const isLast = index === path.length - 1;
    const known = level.spots.find((spot) => spot.name === name);
    if (known !== undefined && (isLast || known.act !== null)) return false;
    if (known === undefined && (level.taken.includes(name) || level.spots.length === mostSpots)) return false;
    if (isLast && act.op === "rename" && !take(level, name, act.to)) return false;
    const spot = known ?? { name, act: isLast ? act : null, inner: newLevel() };
    if (known === undefined) level.spots.push(spot);
    level = spot.inner;
  }
  return true;
}

function placeWild(root: Level, path: readonly string[], act: TextAct): boolean {
  let level = root;
  for (const [index, segment] of path.entries()) {
    if (segment === "**") {
      if (index !== path.length - 2) return false;
      level.isDeep = true;
      continue;
    }
    const isLast = index === path.length - 1;
    const isEvery = segment === "*";
    if (!isEvery && level.isDeep && isOfLists(segment)) return false;
    if (isLast && act.op === "rename" && (isEvery || !take(level, JSON.stringify(segment), act.to)))
      return false;
    const spot = {
      name: isEvery ? "" : JSON.stringify(segment),
      act: isLast ? act : null,
      inner: newLevel(),
    };
    if (isEvery) level.every = spot;
    else level.spots.push(spot);
    level = spot.inner;
  }
  return true;
}

function isOfLists(segment: string): boolean {
  return segment === "-" || isIndex(segment);
}

function take({ spots, taken }: Level, from: string, to: string): boolean {
  if (from === to || taken.includes(to) || spots.some(({ name }) => name === to)) return false;
  taken.push(to);
  return true;
}
