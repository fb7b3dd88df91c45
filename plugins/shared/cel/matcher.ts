/**
 * Patterns that tell where in a text they match, in a time that grows with the text and with nothing else: as `pattern.ts`,
 * with threads in the order in which a backtracking engine would try them (Pike 1987; https://swtch.com/~rsc/regexp/regexp2.html).
 */

import { isPlace } from "../pattern/side-by-side.ts";
import type { Budget } from "./budget.ts";
import { accepts } from "./pattern.ts";
import { type Part, type Place, parsePattern, type Ranges } from "./pattern-parser.ts";

/** Begin and end of the match, then of each group; -1 where a group has no part in it. */
export type Spans = readonly number[];

export interface Matcher {
  /** The first match at or behind `from`, in UTF-16 units; null: there is none. What it does is taken from the budget. */
  find(text: string, from: number, budget: Budget): Spans | null;
}

export interface MatcherFlags {
  readonly ignoresCase: boolean;
  /** Whether `^` and `$` stand at line breaks too. */
  readonly isMultiline: boolean;
}

type Step =
  | { readonly kind: "ranges"; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "save"; readonly slot: number }
  | { readonly kind: "split"; first: number; second: number }
  | { readonly kind: "jump"; to: number }
  | { readonly kind: "match" };

interface Thread {
  readonly at: number;
  readonly spans: Spans;
}

const maxSteps = 2000;
const lineBreak = 10;

/**
 * Compiles a pattern of RE2's syntax.
 *
 * @throws Error when it is none, or too long
 * @example
 * compileMatcher("(a+)b", { ignoresCase: false, isMultiline: false }).find("xaab", 0, budget); // [1, 4, 1, 3]
 */
export function compileMatcher(text: string, flags: MatcherFlags): Matcher {
  const program: Step[] = [];
  const emitter = new Emitter(program, text);
  emitter.emit({ kind: "group", part: parsePattern(text), index: 0 });
  program.push({ kind: "match" });
  const none: Spans = new Array<number>(2 * (emitter.groups + 1)).fill(-1);
  return { find: (value, from, budget) => find(program, none, value, from, flags, budget) };
}

class Emitter {
  groups = 0;
  private readonly program: Step[];
  private readonly text: string;

  constructor(program: Step[], text: string) {
    this.program = program;
    this.text = text;
  }

  emit(part: Part): void {
    const { program } = this;
    if (program.length > maxSteps) throw new Error(`Cannot use the pattern ${this.text}: it is too long`);
    switch (part.kind) {
      case "ranges":
      case "place":
        program.push(part);
        break;
      case "sequence":
        for (const each of part.parts) this.emit(each);
        break;
      case "group":
        this.groups = Math.max(this.groups, part.index);
        program.push({ kind: "save", slot: 2 * part.index });
        this.emit(part.part);
        program.push({ kind: "save", slot: 2 * part.index + 1 });
        break;
      case "choice":
        this.choice(part.parts);
        break;
      case "repeat":
        this.repeat(part);
    }
  }

  private choice(parts: readonly Part[]): void {
    const { program } = this;
    const ends: { kind: "jump"; to: number }[] = [];
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) {
        this.emit(part);
        break;
      }
      const split = this.split(false);
      this.emit(part);
      const end = { kind: "jump" as const, to: 0 };
      program.push(end);
      ends.push(end);
      split.skip(program.length);
    }
    for (const end of ends) end.to = program.length;
  }

  private repeat({ part, least, most, isLazy }: Part & { kind: "repeat" }): void {
    const { program } = this;
    for (let count = 0; count < least; count++) this.emit(part);
    if (most === Infinity) {
      const to = program.length;
      const split = this.split(isLazy);
      this.emit(part);
      program.push({ kind: "jump", to });
      split.skip(program.length);
      return;
    }
    const splits = [];
    for (let count = least; count < most; count++) {
      splits.push(this.split(isLazy));
      this.emit(part);
    }
    for (const split of splits) split.skip(program.length);
  }

  /** Two ways on: what follows, and what is told later; the first one is preferred. */
  private split(isLazy: boolean): { skip(to: number): void } {
    const next = this.program.length + 1;
    const split = { kind: "split" as const, first: next, second: next };
    this.program.push(split);
    return {
      skip(to) {
        if (isLazy) split.first = to;
        else split.second = to;
      },
    };
  }
}

function find(
  program: readonly Step[],
  none: Spans,
  text: string,
  from: number,
  { ignoresCase, isMultiline }: MatcherFlags,
  budget: Budget,
): Spans | null {
  const reached = new Int32Array(program.length).fill(-1);
  let current: Thread[] = [];
  let best: Spans | null = null;
  let before = from === 0 ? -1 : text.charCodeAt(from - 1);
  for (let position = from; ; ) {
    const code = text.codePointAt(position) ?? -1;
    const following: Thread[] = [];
    // A match that begins earlier is preferred: so the thread that begins here comes last.
    const pending: Thread[] =
      best === null ? [...current, { at: 0, spans: none }].reverse() : current.reverse();
    let visited = 1;
    while (pending.length > 0) {
      const { at, spans } = pending.pop()!;
      if (reached[at] === position) continue;
      reached[at] = position;
      visited++;
      const step = program[at]!;
      if (step.kind === "match") {
        best = spans;
        break;
      }
      if (step.kind === "jump") pending.push({ at: step.to, spans });
      else if (step.kind === "split") pending.push({ at: step.second, spans }, { at: step.first, spans });
      else if (step.kind === "save") pending.push({ at: at + 1, spans: spans.with(step.slot, position) });
      else if (step.kind === "place") {
        if (stands(step.place, before, code, isMultiline)) pending.push({ at: at + 1, spans });
      } else if (code >= 0 && accepts(step, code, ignoresCase)) following.push({ at: at + 1, spans });
    }
    budget.spend(visited);
    if (code < 0 || (best !== null && following.length === 0)) return best;
    current = following;
    before = code;
    position += code > 0xffff ? 2 : 1;
  }
}

function stands(place: Place, before: number, after: number, isMultiline: boolean): boolean {
  if (isPlace(place, before, after)) return true;
  if (!isMultiline) return false;
  return place === "begin" ? before === lineBreak : place === "end" && after === lineBreak;
}
