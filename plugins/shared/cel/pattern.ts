/**
 * Patterns whose tests take a time that grows with the text and with nothing else: all ways through the pattern are followed
 * side by side (Thompson 1968; https://swtch.com/~rsc/regexp/regexp2.html), none is tried again.
 */
import type { Budget } from "./budget.ts";
import { type Part, type Place, parsePattern, type Ranges } from "./pattern-parser.ts";

export interface Pattern {
  /** Whether it matches anywhere in the text. What it does is taken from the budget. */
  test(text: string, budget: Budget): boolean;
}

type Step =
  | { readonly kind: "ranges"; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "split"; left: number; right: number }
  | { readonly kind: "jump"; to: number }
  | { readonly kind: "match" };

const maxSteps = 2000;
const ignoreCase = "(?i)";

/**
 * Compiles a pattern of RE2: classes, groups, alternatives, repetitions, `^ $ \b`, and `(?i)` in the beginning.
 *
 * @throws Error when it is none, or too long
 *
 * @example
 * compilePattern("^/v[0-9]+/").test("/v2/orders", budget); // true
 */
export function compilePattern(text: string): Pattern {
  const folds = text.startsWith(ignoreCase);
  const program: Step[] = [];
  emit(parsePattern(folds ? text.slice(ignoreCase.length) : text), program, text);
  program.push({ kind: "match" });
  return { test: (value, budget) => search(program, value, folds, budget) };
}

function emit(part: Part, program: Step[], text: string): void {
  if (program.length > maxSteps) throw new Error(`Cannot use the pattern ${text}: it is too long`);
  switch (part.kind) {
    case "ranges":
    case "place":
      program.push(part);
      break;
    case "sequence":
      for (const each of part.parts) emit(each, program, text);
      break;
    case "group":
      emit(part.part, program, text);
      break;
    case "choice":
      emitChoice(part.parts, program, text);
      break;
    case "repeat":
      emitRepeat(part, program, text);
  }
}

function emitChoice(parts: readonly Part[], program: Step[], text: string): void {
  const ends: { kind: "jump"; to: number }[] = [];
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1) {
      emit(part, program, text);
      break;
    }
    const split = { kind: "split" as const, left: program.length + 1, right: 0 };
    const end = { kind: "jump" as const, to: 0 };
    program.push(split);
    emit(part, program, text);
    program.push(end);
    ends.push(end);
    split.right = program.length;
  }
  for (const end of ends) end.to = program.length;
}

function emitRepeat({ part, least, most }: Part & { kind: "repeat" }, program: Step[], text: string): void {
  for (let count = 0; count < least; count++) emit(part, program, text);
  if (most === Infinity) {
    const loop = program.length;
    const split = { kind: "split" as const, left: loop + 1, right: 0 };
    program.push(split);
    emit(part, program, text);
    program.push({ kind: "jump", to: loop });
    split.right = program.length;
    return;
  }
  const splits = [];
  for (let count = least; count < most; count++) {
    const split = { kind: "split" as const, left: program.length + 1, right: 0 };
    program.push(split);
    splits.push(split);
    emit(part, program, text);
  }
  for (const split of splits) split.right = program.length;
}

function search(program: readonly Step[], text: string, folds: boolean, budget: Budget): boolean {
  /** For each step, the position at which it was reached last: so it is followed once. */
  const reached = new Int32Array(program.length).fill(-1);
  let current: number[] = [];
  let following: number[] = [];
  const pending: number[] = [];
  let position = 0;
  let before = -1;
  for (;;) {
    const code = text.codePointAt(position) ?? -1;
    // Threads were added before it was known what follows: conditions on the place are decided here.
    pending.push(...current, 0);
    current.length = 0;
    let visited = 1;
    while (pending.length > 0) {
      const at = pending.pop()!;
      if (reached[at] === position) continue;
      reached[at] = position;
      visited++;
      const step = program[at]!;
      if (step.kind === "match") return true;
      if (step.kind === "jump") pending.push(step.to);
      else if (step.kind === "split") pending.push(step.right, step.left);
      else if (step.kind === "place") {
        if (isPlace(step.place, before, code)) pending.push(at + 1);
      } else if (code >= 0 && accepts(step, code, folds)) following.push(at + 1);
    }
    budget.spend(visited);
    if (code < 0) return false;
    [current, following] = [following, current];
    before = code;
    position += code > 0xffff ? 2 : 1;
  }
}

export function accepts(
  { ranges, negated }: { ranges: Ranges; negated: boolean },
  code: number,
  folds: boolean,
): boolean {
  return (within(ranges, code) || (folds && within(ranges, otherCase(code)))) !== negated;
}

function within(ranges: Ranges, code: number): boolean {
  for (const [from, to] of ranges) if (code >= from && code <= to) return true;
  return false;
}

/** Letters of ASCII alone. */
function otherCase(code: number): number {
  const letter = code | 32;
  return letter >= 97 && letter <= 122 ? code ^ 32 : code;
}

export function isPlace(place: Place, before: number, after: number): boolean {
  switch (place) {
    case "begin":
      return before < 0;
    case "end":
      return after < 0;
    default:
      return (isWord(before) !== isWord(after)) === (place === "word");
  }
}

function isWord(code: number): boolean {
  return (
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122)
  );
}
