import { signsPerCharacter } from "./deterministic.ts";
import type { Part } from "./syntax.ts";

/** A bound on a number that grows with a text's length n: `factor * (n + 1) ** degree`. Null: it grows without bound. */
export interface Growth {
  readonly factor: number;
  readonly degree: number;
}

interface Backtracking {
  /** Ways to match from one place, which are tried one after the other. */
  readonly ways: Growth;
  /** Steps of trying them all. */
  readonly steps: Growth;
}

const one: Growth = { factor: 1, degree: 0 };
const perCharacter: Growth = { factor: 1, degree: 1 };
/** More than anything would be let do. */
const mostFactor = 1e9;

/**
 * How many steps an engine that goes back takes for one search, at most; null: more than any polynomial, perhaps.
 *
 * @example
 * effortOf(partsOf(/^[a-z]+$/u, true)!); // { factor: ..., degree: 1 }
 * effortOf(partsOf(/^(a+)+$/u, true)!); // null
 */
export function effortOf(part: Part): Growth | null {
  const signs = signsPerCharacter(part);
  const plain = signs === null ? null : { factor: 2 * (signs + 1), degree: 1 };
  const found = backtracking(part)?.steps ?? plain;
  if (found === null) return null;
  const once = plain === null || found.degree <= plain.degree ? found : plain;
  // The search begins at every character, and where there is an anchor it ends there.
  const steps = beginsAnchored(part) ? plus(once, perCharacter) : times(once, perCharacter);
  return steps.factor > mostFactor ? null : steps;
}

function backtracking(part: Part): Backtracking | null {
  switch (part.kind) {
    case "sign":
    case "place":
      return { ways: one, steps: one };
    case "reference":
      // It is compared with what a group matched, which may be the whole text.
      return { ways: one, steps: { factor: 1, degree: 1 } };
    case "sequence":
      return sequence(part.parts);
    case "choice":
      return choice(part.parts);
    case "look": {
      // Once it has decided it is not gone back into.
      const inner = backtracking(part.part);
      return inner && { ways: one, steps: inner.steps };
    }
    default:
      return repetition(part);
  }
}

function sequence(parts: readonly Part[]): Backtracking | null {
  let [ways, steps] = [one, one];
  for (const part of parts) {
    const next = backtracking(part);
    if (next === null) return null;
    steps = plus(steps, times(ways, next.steps));
    ways = times(ways, next.ways);
  }
  return bounded({ ways, steps });
}

function choice(parts: readonly Part[]): Backtracking | null {
  let [ways, steps]: [Growth, Growth] = [{ factor: 0, degree: 0 }, one];
  for (const part of parts) {
    const next = backtracking(part);
    if (next === null) return null;
    ways = plus(ways, next.ways);
    steps = plus(steps, next.steps);
  }
  return bounded({ ways, steps });
}

function repetition({ part, least, most }: Part & { kind: "repeat" }): Backtracking | null {
  const body = backtracking(part);
  if (body === null) return null;
  const isSingle = body.ways.factor === 1 && body.ways.degree === 0;
  if (most === Infinity) {
    if (!isSingle) return null;
    // As often as it fits, and at least once more than it has to.
    const turns = { factor: 1 + least, degree: 1 };
    return bounded({ ways: { factor: 1, degree: 1 }, steps: times(turns, body.steps) });
  }
  if (isSingle) {
    return bounded({
      ways: { factor: most - least + 1, degree: 0 },
      steps: times({ factor: most + 1, degree: 0 }, body.steps),
    });
  }
  const all = power(body.ways, most);
  if (all === null) return null;
  const each = { factor: most + 1, degree: 0 };
  return bounded({ ways: times(each, all), steps: times(each, times(all, body.steps)) });
}

function power({ factor, degree }: Growth, exponent: number): Growth | null {
  const grown = factor ** exponent;
  return grown > mostFactor || degree * exponent > 100 ? null : { factor: grown, degree: degree * exponent };
}

function times(a: Growth, b: Growth): Growth {
  return { factor: a.factor * b.factor, degree: a.degree + b.degree };
}

function plus(a: Growth, b: Growth): Growth {
  return { factor: a.factor + b.factor, degree: Math.max(a.degree, b.degree) };
}

function bounded(found: Backtracking): Backtracking | null {
  return found.ways.factor > mostFactor || found.steps.factor > mostFactor ? null : found;
}

/** Whether it can only match at the beginning of the text. */
export function beginsAnchored(part: Part): boolean {
  if (part.kind === "place") return part.place === "begin";
  if (part.kind === "sequence") return part.parts.length > 0 && beginsAnchored(part.parts[0]!);
  return part.kind === "choice" && part.parts.every(beginsAnchored);
}
