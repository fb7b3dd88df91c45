/**
 * Searches in a time that grows with the text and with nothing else: all ways through an expression are followed side by side
 * (Thompson 1968; https://swtch.com/~rsc/regexp/regexp2.html).
 */
import { beginsAnchored } from "./effort.ts";
import type { Part, Place, Sign } from "./syntax.ts";

/** Whether the expression matches anywhere in the text. */
export type Search = (text: string, spend: (steps: number) => void) => boolean;

type Step =
  | Sign
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "split"; left: number; right: number }
  | { readonly kind: "jump"; to: number }
  | { readonly kind: "match" };

const maxSteps = 5000;

/**
 * @param isUnicode whether characters are code points, and not units of UTF-16
 * @returns null where that cannot be done: for references, look-around inside the expression, and one that is too long
 */
export function sideBySide(part: Part, isUnicode: boolean): Search | null {
  const { rest, looks } = withoutLooks(part);
  const main = programOf(rest);
  const conditions = looks.map(({ part, isNegated }) => ({
    isNegated,
    program: programOf({ kind: "sequence", parts: [begin, part] }),
  }));
  if (main === null || conditions.some(({ program }) => program === null)) return null;
  return (text, spend) =>
    conditions.every(
      ({ program, isNegated }) => search(program!, true, text, isUnicode, spend) !== isNegated,
    ) && search(main, beginsAnchored(rest), text, isUnicode, spend);
}

const begin: Part = { kind: "place", place: "begin" };

/** Conditions on what follows at the beginning of the text, as of passwords, are searches of their own. */
function withoutLooks(part: Part): { rest: Part; looks: (Part & { kind: "look" })[] } {
  const looks: (Part & { kind: "look" })[] = [];
  const [first] = part.kind === "sequence" ? part.parts : [];
  if (part.kind !== "sequence" || first?.kind !== "place" || first.place !== "begin")
    return { rest: part, looks };
  let index = 1;
  for (let next = part.parts[index]; next?.kind === "look" && next.isAhead; next = part.parts[index]) {
    looks.push(next);
    index++;
  }
  return { rest: { kind: "sequence", parts: [begin, ...part.parts.slice(index)] }, looks };
}

class Impossible extends Error {}

function programOf(part: Part): readonly Step[] | null {
  const emitter = new Emitter();
  try {
    emitter.emit(part);
  } catch (error) {
    if (error instanceof Impossible) return null;
    throw error;
  }
  return [...emitter.program, { kind: "match" }];
}

class Emitter {
  readonly program: Step[] = [];
  private parts = 0;

  emit(part: Part): void {
    // Repetitions are written out, also those of nothing.
    if (++this.parts > maxSteps) throw new Impossible();
    switch (part.kind) {
      case "sign":
      case "place":
        this.program.push(part);
        break;
      case "sequence":
        for (const each of part.parts) this.emit(each);
        break;
      case "choice":
        this.choice(part.parts);
        break;
      case "repeat":
        this.repeat(part);
        break;
      default:
        throw new Impossible();
    }
  }

  private choice(parts: readonly Part[]): void {
    const ends: { kind: "jump"; to: number }[] = [];
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) {
        this.emit(part);
        break;
      }
      const split = this.split();
      this.emit(part);
      const end = { kind: "jump" as const, to: 0 };
      this.program.push(end);
      ends.push(end);
      split.right = this.program.length;
    }
    for (const end of ends) end.to = this.program.length;
  }

  private repeat({ part, least, most }: Part & { kind: "repeat" }): void {
    for (let count = 0; count < least; count++) this.emit(part);
    if (most === Infinity) {
      const loop = this.program.length;
      const split = this.split();
      this.emit(part);
      this.program.push({ kind: "jump", to: loop });
      split.right = this.program.length;
      return;
    }
    const splits = [];
    for (let count = least; count < most; count++) {
      splits.push(this.split());
      this.emit(part);
    }
    for (const split of splits) split.right = this.program.length;
  }

  /** Two ways on: what follows, and what is told later. */
  private split(): { kind: "split"; left: number; right: number } {
    const split = { kind: "split" as const, left: this.program.length + 1, right: 0 };
    this.program.push(split);
    return split;
  }
}

function search(
  program: readonly Step[],
  isAnchored: boolean,
  text: string,
  isUnicode: boolean,
  spend: (steps: number) => void,
): boolean {
  /** For each step, the position at which it was reached last: so it is followed once. */
  const reached = new Int32Array(program.length).fill(-1);
  let current: number[] = [];
  let following: number[] = [];
  const pending: number[] = [];
  let before = -1;
  for (let position = 0; ; ) {
    const code = codeAt(text, position, isUnicode);
    for (const at of current) pending.push(at);
    if (position === 0 || !isAnchored) pending.push(0);
    if (pending.length === 0) return false;
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
      } else if (code >= 0 && step.accepts(code)) following.push(at + 1);
    }
    spend(visited);
    if (code < 0) return false;
    [current, following] = [following, current];
    before = code;
    position += code > 0xffff ? 2 : 1;
  }
}

/** -1 behind the end. */
function codeAt(text: string, position: number, isUnicode: boolean): number {
  if (position >= text.length) return -1;
  return isUnicode ? text.codePointAt(position)! : text.charCodeAt(position);
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
