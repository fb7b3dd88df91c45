import {
  closeList,
  closeObject,
  comma,
  JsonScan,
  nowhere,
  openList,
  openObject,
} from "../shared/json/scan.ts";
import type { Facts } from "./facts.ts";
import type { EditSettings, JsonEditConfig } from "./json-edits.ts";
import { jsonPath } from "./json-path.ts";
import { type TextAct, textActOf } from "./text-act.ts";
import { entersLists, type Level, newLevel, place, type Spot } from "./text-places.ts";

/**
 * Edits a document in its text: what the edits are not about stays as it is, byte for byte.
 *
 * @param mostDepth of objects and lists in each other
 * @returns null: this document wants to be read and written
 */
export type Splice = (text: string, facts: Facts, mostDepth: number) => string | null;

/** More walks over a document would take longer than to read it. */
const mostWalks = 4;

/** @returns null: some of the edits need the document as a whole */
export function spliceOf(edits: readonly JsonEditConfig[], settings: EditSettings): Splice | null {
  if (edits.length === 0) return null;
  const walks: Level[] = [newLevel()];
  for (const edit of edits) {
    const act = textActOf(edit, settings);
    if (act === null) return null;
    const path = jsonPath(edit.path ?? "", `json ${edit.op}`);
    if (place(walks.at(-1)!, path, act)) continue;
    const next = newLevel();
    if (walks.length === mostWalks || !place(next, path, act)) return null;
    walks.push(next);
  }
  return (text, facts, mostDepth) => {
    let made: string | null = text;
    for (const walk of walks) {
      made = new Splicing(made, facts).run(walk, mostDepth);
      if (made === null) return null;
    }
    return made;
  };
}

/** One walk over one text. */
class Splicing {
  private readonly text: string;
  private readonly facts: Facts;
  private readonly scan: JsonScan;
  private made = "";
  /** Up to here the text was copied to `made`, or left out. */
  private at = 0;

  constructor(text: string, facts: Facts) {
    this.text = text;
    this.facts = facts;
    this.scan = new JsonScan(text);
  }

  run(root: Level, mostDepth: number): string | null {
    const { text, scan } = this;
    const end = this.inside(root, scan.blank(0), mostDepth);
    if (end < 0 || scan.blank(end) < text.length) return null;
    return this.made + text.slice(this.at);
  }

  /** Behind the value that begins here. */
  private inside(level: Level, at: number, depth: number): number {
    const code = this.text.charCodeAt(at);
    if (code === openObject) return this.holder(level, at, depth, closeObject);
    if (code !== openList) return this.scan.value(at, depth);
    // A name that leads into a list is an index.
    return entersLists(level) ? this.holder(level, at, depth, closeList) : nowhere;
  }

  /** Behind the object or the list that begins here. */
  private holder(level: Level, start: number, depth: number, close: number): number {
    const { text, scan } = this;
    if (depth <= 0) return nowhere;
    const names = scan.begin();
    let next = scan.blank(start + 1);
    /** Behind the last member so far. */
    let last = start + 1;
    let keepsSome = false;
    let met = 0;
    while (text.charCodeAt(next) !== close) {
      let spot = level.every;
      let nameEnd = next;
      let value = next;
      if (close === closeObject) {
        nameEnd = scan.name(names, next);
        value = nameEnd < 0 ? nowhere : scan.valueStart(nameEnd);
        if (value < 0) return nowhere;
        const index = spotAt(level, text, next, nameEnd);
        if (index >= 0) {
          spot = level.spots[index]!;
          met |= 1 << index;
          // Who has the name already would have to go, if there is one to be renamed.
        } else if (isAmong(level.taken, text, next, nameEnd)) return nowhere;
      }
      const act = spot === null ? null : spot.act;
      if (act !== null && act.op === "rename") this.replace(next, nameEnd, act.to);
      const end = this.value(level, spot, value, depth - 1);
      if (end < 0) return nowhere;
      const goes = act !== null && !this.acts(act, value, end);
      const behind = this.next(end, close);
      if (behind < 0) return nowhere;
      if (!goes) keepsSome = true;
      else if (keepsSome) this.leaveOut(last, end);
      else this.leaveOut(next, behind);
      last = end;
      next = behind;
    }
    scan.end(names);
    if (close === closeObject) this.add(level, met, last, keepsSome);
    return next + 1;
  }

  /** Behind the value of a member or an item, which was edited inside where that is wanted. */
  private value(level: Level, spot: Spot | null, at: number, depth: number): number {
    const act = spot === null ? null : spot.act;
    if (act !== null && act.op !== "rename") {
      // Edits below would come first.
      if (level.isDeep && act.op === "put" && act.looksInside && isHolderAt(this.text, at)) return nowhere;
      return this.scan.value(at, depth);
    }
    if (spot !== null && act === null) return this.inside(spot.inner, at, depth);
    return level.isDeep ? this.inside(level, at, depth) : this.scan.value(at, depth);
  }

  /** The next member, or the end of the object or the list. */
  private next(end: number, close: number): number {
    const { text, scan } = this;
    const at = scan.blank(end);
    const code = text.charCodeAt(at);
    if (code === close) return at;
    if (code !== comma) return nowhere;
    const behind = scan.blank(at + 1);
    return text.charCodeAt(behind) === close ? nowhere : behind;
  }

  /** Returns false when the member goes. */
  private acts(act: TextAct, value: number, end: number): boolean {
    if (act.op !== "put") return act.op === "rename";
    const put = act.value(this.text.slice(value, end), this.facts);
    if (put === null) return false;
    this.replace(value, end, put);
    return true;
  }

  /** Members that edits put and the object did not have. */
  private add({ spots }: Level, met: number, last: number, keepsSome: boolean): void {
    let isFirst = !keepsSome;
    for (let i = 0; i < spots.length; i++) {
      const { name, act } = spots[i]!;
      if ((met & (1 << i)) !== 0 || act?.op !== "put" || !act.adds) continue;
      const put = act.value("", this.facts);
      if (put === null) continue;
      const at = Math.max(last, this.at);
      this.replace(at, at, `${isFirst ? "" : ","}${name}:${put}`);
      isFirst = false;
    }
  }

  private replace(start: number, end: number, by: string): void {
    this.made += this.text.slice(this.at, start) + by;
    this.at = end;
  }

  private leaveOut(start: number, end: number): void {
    this.replace(start, end, "");
  }
}

function isHolderAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === openObject || code === openList;
}

function isAmong(names: readonly string[], text: string, start: number, end: number): boolean {
  for (const name of names) if (name.length === end - start && text.startsWith(name, start)) return true;
  return false;
}

function spotAt({ spots }: Level, text: string, start: number, end: number): number {
  for (let i = 0; i < spots.length; i++) {
    const { name } = spots[i]!;
    if (name.length === end - start && text.startsWith(name, start)) return i;
  }
  return -1;
}
