import { closeObject, JsonScan, nowhere, openList, openObject } from "../shared/json/scan.ts";
import { escapeNothing } from "./escape.ts";
import type { Facts } from "./facts.ts";
import type { EditSettings, JsonEditConfig } from "./json-edits.ts";
import { jsonPath } from "./json-path.ts";
import { parseJson, writeJson } from "./json-value.ts";
import { masked } from "./mask.ts";
import { parseTemplate, render } from "./template.ts";

/**
 * Edits a document in its text: what the edits are not about stays as it is, byte for byte.
 *
 * @param mostDepth of objects and lists in each other
 * @returns null: this document wants to be read and written
 */
export type Splice = (text: string, facts: Facts, mostDepth: number) => string | null;

/** What an edit does where its path leads. */
type Act =
  | { readonly op: "remove" }
  | { readonly op: "rename"; readonly to: string }
  | {
      readonly op: "put";
      /** Whether it also puts a value where there is none. */
      readonly adds: boolean;
      /** Null: the member goes. @param found JSON of what is there; empty: nothing is */
      readonly value: (found: string, facts: Facts) => string | null;
    };

/** A member that edits are about. Names are JSON, as those of `Level`. */
interface Spot {
  readonly name: string;
  readonly act: Act | null;
  readonly inner: Level;
}

/** Members of one object that edits are about. */
interface Level {
  readonly spots: Spot[];
  /** Names that others are to get. */
  readonly taken: string[];
}

/** Spots are counted in the bits of a number. */
const mostSpots = 30;

/**
 * Edits that can be done in one walk over the text, in whichever order members come: each is about a place of its own, none lies in
 * another, and they lead through objects alone.
 *
 * @returns null: some of them need the document as a whole
 */
export function spliceOf(edits: readonly JsonEditConfig[], settings: EditSettings): Splice | null {
  if (edits.length === 0) return null;
  const root = newLevel();
  for (const edit of edits) {
    const act = actOf(edit, settings);
    if (act === null || !place(root, jsonPath(edit.path ?? "", `json ${edit.op}`), act)) return null;
  }
  return (text, facts, mostDepth) => new Splicing(text, facts).run(root, mostDepth);
}

function newLevel(): Level {
  return { spots: [], taken: [] };
}

function actOf({ op, to, value, style, pattern }: JsonEditConfig, settings: EditSettings): Act | null {
  switch (op) {
    case "remove":
      return { op };
    case "rename":
      return { op, to: JSON.stringify(to) };
    case "set":
      return { op: "put", adds: true, value: valueToSet(value) };
    case "mask":
      if (pattern !== undefined) return null;
      return {
        op: "put",
        adds: false,
        value: (found) => writeJson(masked(parseJson(found, settings.depth), style, settings.key)),
      };
    default:
      return null;
  }
}

function valueToSet(value: unknown): (found: string, facts: Facts) => string | null {
  if (typeof value !== "string") {
    const json = JSON.stringify(value);
    return () => json;
  }
  const template = parseTemplate(value, "json set");
  return (_found, facts) => {
    const text = render(template, facts, escapeNothing);
    return text === null ? null : JSON.stringify(text);
  };
}

/** Returns false where the order of edits would count. */
function place(root: Level, path: readonly string[], act: Act): boolean {
  if (path.includes("*") || path.includes("**")) return false;
  const names = path.map((name) => JSON.stringify(name));
  let level = root;
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
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

function take({ spots, taken }: Level, from: string, to: string): boolean {
  if (from === to || taken.includes(to) || spots.some(({ name }) => name === to)) return false;
  taken.push(to);
  return true;
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
    const start = scan.blank(0);
    if (text.charCodeAt(start) !== openObject) return null;
    const end = this.object(root, start, mostDepth);
    if (end < 0 || scan.blank(end) < text.length) return null;
    return this.made + text.slice(this.at);
  }

  /** Behind the object that begins here. */
  private object(level: Level, start: number, depth: number): number {
    const { text, scan } = this;
    if (depth <= 0) return nowhere;
    const names = scan.begin();
    let next = scan.blank(start + 1);
    /** Behind the last member so far. */
    let last = start + 1;
    let keepsSome = false;
    let met = 0;
    while (text.charCodeAt(next) !== closeObject) {
      const nameEnd = scan.name(names, next);
      const value = nameEnd < 0 ? nowhere : scan.valueStart(nameEnd);
      if (value < 0) return nowhere;
      const index = spotAt(level, text, next, nameEnd);
      const spot = index < 0 ? undefined : level.spots[index]!;
      met |= index < 0 ? 0 : 1 << index;
      // Who has the name already would have to go, if there is one to be renamed.
      if (index < 0 && isAmong(level.taken, text, next, nameEnd)) return nowhere;
      const end = this.value(spot, value, depth - 1);
      if (end < 0) return nowhere;
      const goes = spot !== undefined && spot.act !== null && !this.acts(spot.act, next, nameEnd, value, end);
      const behind = this.next(end);
      if (behind < 0) return nowhere;
      if (goes && keepsSome) this.leaveOut(last, end);
      else if (goes) this.leaveOut(next, behind);
      else keepsSome = true;
      last = end;
      next = behind;
    }
    scan.end(names);
    this.add(level, met, last, keepsSome);
    return next + 1;
  }

  /** Behind the value, which was edited inside where that is wanted. */
  private value(spot: Spot | undefined, at: number, depth: number): number {
    if (spot === undefined || spot.act !== null) return this.scan.value(at, depth);
    const code = this.text.charCodeAt(at);
    if (code === openObject) return this.object(spot.inner, at, depth);
    // A name that leads into a list is an index.
    return code === openList ? nowhere : this.scan.value(at, depth);
  }

  /** The next member, or the end of the object. */
  private next(end: number): number {
    const { text, scan } = this;
    const at = scan.blank(end);
    const code = text.charCodeAt(at);
    if (code === closeObject) return at;
    if (code !== 0x2c) return nowhere;
    const behind = scan.blank(at + 1);
    return text.charCodeAt(behind) === closeObject ? nowhere : behind;
  }

  /** Returns false when the member goes. */
  private acts(act: Act, name: number, nameEnd: number, value: number, end: number): boolean {
    switch (act.op) {
      case "remove":
        return false;
      case "rename":
        this.replace(name, nameEnd, act.to);
        return true;
      default: {
        const put = act.value(this.text.slice(value, end), this.facts);
        if (put === null) return false;
        this.replace(value, end, put);
        return true;
      }
    }
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
