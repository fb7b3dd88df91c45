import type { Json } from "../../shared/json/json.ts";
import { pointerOf } from "../../shared/json/pointer.ts";
import type { BoundedPattern } from "../../shared/pattern/bounded-pattern.ts";
import type { Seen } from "./seen.ts";

/** Where a value does not fit, and which keyword says so. Values themselves are never told. */
export interface Violation {
  /** JSON pointer into what was checked. */
  readonly pointer: string;
  readonly message: string;
  /** JSON pointer of the keyword in the schema's document, as a fragment. */
  readonly schemaPointer: string;
}

/** A compiled schema or keyword: whether the value fits. What it looked at goes to `seen` when that is wanted. */
export type Check = (value: Json, run: Run, seen: Seen | null) => boolean;

/** What the check of one value may use up. */
export interface RunLimits {
  readonly maxErrors: number;
  /** Schemas that are applied, and values that are compared. */
  readonly maxSteps: number;
}

/** Schemas that may be at work inside each other. Recursion without end stops here, before the stack does. */
const maxDepth = 400;

/** Steps that patterns may take for one value: some tenths of a second. */
const mostPatternSteps = 5_000_000;

/** The check of one value cost more than it may. */
export class TooMuch extends Error {}

/** The state of checking one value. */
export class Run {
  /** From the value's root to what is looked at. */
  readonly path: (string | number)[];
  /** Resources that were entered and not left, outermost first: the dynamic scope of core section 7.1. */
  readonly scope: string[] = [];
  violations: Violation[] = [];
  /** Above 0 nothing is told: a branch of a choice is tried. */
  private silence = 0;
  private steps = 0;
  private depth = 0;
  private patternSteps = 0;
  private readonly limits: RunLimits;

  /** @param path of the value in the whole, for what is told */
  constructor(limits: RunLimits, path: readonly (string | number)[] = []) {
    this.limits = limits;
    this.path = [...path];
  }

  readonly step = (): void => {
    if (++this.steps > this.limits.maxSteps) throw new TooMuch("takes too many steps to check");
  };

  /** Whether a text has what a pattern looks for. */
  matches(pattern: BoundedPattern, text: string): boolean {
    const found = pattern.test(text, this.spend);
    if (found === null) throw new TooMuch("is too long for its pattern");
    return found;
  }

  private readonly spend = (steps: number): void => {
    this.patternSteps += steps;
    if (this.patternSteps > mostPatternSteps) throw new TooMuch("takes too many steps to check");
  };

  enter(): void {
    this.step();
    if (++this.depth > maxDepth) throw new TooMuch("is nested too deeply to check");
  }

  leave(): void {
    this.depth--;
  }

  /** Whether it is pointless to look for further violations. */
  get isDecided(): boolean {
    return this.silence > 0 || this.violations.length >= this.limits.maxErrors;
  }

  fail(schemaPointer: string, message: string): false {
    if (!this.isDecided) this.violations.push({ pointer: pointerOf(this.path), message, schemaPointer });
    return false;
  }

  /** Fails for a member or an item of what is looked at. */
  failAt(key: string | number, schemaPointer: string, message: string): false {
    this.path.push(key);
    this.fail(schemaPointer, message);
    this.path.pop();
    return false;
  }

  /** Looks at a member or an item. */
  inside(key: string | number, check: Check, value: Json): boolean {
    this.path.push(key);
    const fits = check(value, this, null);
    this.path.pop();
    return fits;
  }

  /** Whether it fits, without a word. */
  quietly(check: Check, value: Json, seen: Seen | null): boolean {
    this.silence++;
    const fits = check(value, this, seen);
    this.silence--;
    return fits;
  }
}
