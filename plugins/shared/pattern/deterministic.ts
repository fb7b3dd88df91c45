import type { Part, Sign } from "./syntax.ts";

/** Characters that stand in an expression once its counted repetitions are written out, at most. */
const mostSigns = 300;

/**
 * Whether the next character of a text always says which one of the expression it is, and in which way one gets there
 * (Brüggemann-Klein and Wood 1998, strong unambiguity). Then whoever goes back finds nothing that could go on, and a search from one place takes
 * a time that grows with the text.
 *
 * @returns how many signs may be tried for one character; null: it is not so, or is not known
 */
export function signsPerCharacter(part: Part): number | null {
  const graph = new Graph();
  const whole = graph.add(part);
  if (whole === null) return null;
  const choices = [whole.first, ...graph.follow];
  return choices.every((signs) => graph.differ(signs))
    ? Math.max(...choices.map(({ length }) => length))
    : null;
}

/** What a part may begin and end with: numbers of signs. */
interface Ends {
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** Whether it may be nothing. */
  readonly isOptional: boolean;
}

const nothing: Ends = { first: [], last: [], isOptional: true };

class Graph {
  /** For each sign those that may come next, once for each way there. */
  readonly follow: number[][] = [];
  private readonly signs: Sign[] = [];

  add(part: Part): Ends | null {
    switch (part.kind) {
      case "sign":
        return this.sign(part);
      case "place":
        // It may hold.
        return nothing;
      case "sequence":
        return this.sequence(part.parts);
      case "choice":
        return this.choice(part.parts);
      case "repeat":
        return this.repeat(part);
      default:
        return null;
    }
  }

  /** Whether no character is one of two of these signs. */
  differ(signs: readonly number[]): boolean {
    return signs.every((one, index) =>
      signs
        .slice(index + 1)
        .every((other) => one !== other && areApart(this.signs[one]!, this.signs[other]!)),
    );
  }

  private sign(sign: Sign): Ends | null {
    if (this.signs.length >= mostSigns) return null;
    const number = this.signs.push(sign) - 1;
    this.follow.push([]);
    return { first: [number], last: [number], isOptional: false };
  }

  private sequence(parts: readonly Part[]): Ends | null {
    let whole = nothing;
    for (const part of parts) {
      const next = this.add(part);
      if (next === null) return null;
      whole = this.joined(whole, next);
    }
    return whole;
  }

  private joined(before: Ends, next: Ends): Ends {
    for (const sign of before.last) this.follow[sign]!.push(...next.first);
    return {
      first: before.isOptional ? [...before.first, ...next.first] : before.first,
      last: next.isOptional ? [...before.last, ...next.last] : next.last,
      isOptional: before.isOptional && next.isOptional,
    };
  }

  private choice(parts: readonly Part[]): Ends | null {
    const all = parts.map((part) => this.add(part));
    if (!all.every((each) => each !== null)) return null;
    // Nothing in two ways is two ways.
    if (all.filter(({ isOptional }) => isOptional).length > 1) return null;
    return {
      first: all.flatMap(({ first }) => first),
      last: all.flatMap(({ last }) => last),
      isOptional: all.some(({ isOptional }) => isOptional),
    };
  }

  private repeat({ part, least, most }: Part & { kind: "repeat" }): Ends | null {
    if (most === 0) return nothing;
    let whole = nothing;
    for (let count = 0; count < least; count++) {
      const next = this.add(part);
      if (next === null || next.isOptional) return null;
      whole = this.joined(whole, next);
    }
    if (most === Infinity) {
      const again = this.add(part);
      if (again === null || again.isOptional) return null;
      for (const sign of again.last) this.follow[sign]!.push(...again.first);
      return this.joined(whole, { ...again, isOptional: true });
    }
    return this.options(part, most - least, whole);
  }

  /** `(part(part(part)?)?)?`: the second one only behind the first. */
  private options(part: Part, count: number, before: Ends): Ends | null {
    let [whole, previous] = [before, before];
    for (let index = 0; index < count; index++) {
      const next = this.add(part);
      if (next === null || next.isOptional) return null;
      for (const sign of previous.last) this.follow[sign]!.push(...next.first);
      whole = {
        first: index === 0 && before.isOptional ? [...before.first, ...next.first] : whole.first,
        last: [...whole.last, ...next.last],
        isOptional: before.isOptional,
      };
      previous = next;
    }
    return whole;
  }
}

/** Beyond ASCII it is not known of two classes whether they have something in common. */
function areApart(one: Sign, other: Sign): boolean {
  if (one.only !== null) return !other.accepts(one.only);
  if (other.only !== null) return !one.accepts(other.only);
  if (!one.isAscii && !other.isAscii) return false;
  for (let code = 0; code < 128; code++) if (one.accepts(code) && other.accepts(code)) return false;
  return true;
}
