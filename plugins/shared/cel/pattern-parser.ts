/** Reads the part of RE2's syntax that has a meaning for a test (https://github.com/google/re2/wiki/Syntax). */

export type Ranges = readonly (readonly [from: number, to: number])[];

/** What stands at a place: no text, but a condition on it. */
export type Place = "begin" | "end" | "word" | "noword";

export type Part =
  | { readonly kind: "ranges"; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "sequence"; readonly parts: readonly Part[] }
  | { readonly kind: "choice"; readonly parts: readonly Part[] }
  | { readonly kind: "group"; readonly part: Part; readonly index: number }
  | {
      readonly kind: "repeat";
      readonly part: Part;
      readonly least: number;
      readonly most: number;
      readonly isLazy: boolean;
    };

const digits: Ranges = [[48, 57]];
const word: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const space: Ranges = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const classes: Readonly<Record<string, Ranges>> = { d: digits, w: word, s: space };
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const lastCodePoint = 0x10ffff;
const maxDepth = 50;
const maxRepeat = 1000;

/** @throws Error that says what is not understood, and where */
export function parsePattern(text: string): Part {
  return new PatternParser([...text]).parse();
}

class PatternParser {
  private readonly text: readonly string[];
  private at = 0;
  private depth = 0;
  private groups = 0;

  constructor(text: readonly string[]) {
    this.text = text;
  }

  parse(): Part {
    const part = this.choice();
    if (this.at < this.text.length) this.fail("a ) that nothing opens");
    return part;
  }

  private choice(): Part {
    if (++this.depth > maxDepth) this.fail("groups too deep");
    const parts = [this.sequence()];
    while (this.take("|")) parts.push(this.sequence());
    this.depth--;
    return parts.length === 1 ? parts[0]! : { kind: "choice", parts };
  }

  private sequence(): Part {
    const parts: Part[] = [];
    while (this.at < this.text.length && this.peek() !== "|" && this.peek() !== ")") {
      parts.push(this.repeated(this.single()));
    }
    return { kind: "sequence", parts };
  }

  private repeated(part: Part): Part {
    const [least, most] = this.count() ?? [1, 1];
    if (least === 1 && most === 1) return part;
    const isLazy = this.take("?");
    if (this.count() !== null) this.fail("a repetition of a repetition");
    return { kind: "repeat", part, least, most, isLazy };
  }

  private count(): [least: number, most: number] | null {
    if (this.take("*")) return [0, Infinity];
    if (this.take("+")) return [1, Infinity];
    if (this.take("?")) return [0, 1];
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.text.slice(this.at, this.at + 12).join(""));
    if (found === null) return null;
    this.at += found[0].length;
    const least = Number(found[1]);
    const most = found[2] === undefined ? least : found[3] === "" ? Infinity : Number(found[3]);
    if (least > most || least > maxRepeat || (most !== Infinity && most > maxRepeat))
      this.fail("a repetition out of bounds");
    return [least, most];
  }

  private single(): Part {
    const sign = this.next();
    switch (sign) {
      case "(":
        return this.group();
      case "[":
        return this.set();
      case ".":
        return { kind: "ranges", ranges: [[10, 10]], negated: true };
      case "^":
        return { kind: "place", place: "begin" };
      case "$":
        return { kind: "place", place: "end" };
      case "\\":
        return this.escaped();
      case "*":
      case "+":
      case "?":
        return this.fail("nothing to repeat");
      default:
        return one(sign.codePointAt(0)!);
    }
  }

  private group(): Part {
    const isPlain = this.take("?");
    if (isPlain && !this.take(":")) this.fail("a group of a kind that is not supported");
    const index = isPlain ? 0 : ++this.groups;
    const part = this.choice();
    if (!this.take(")")) this.fail("a ( that nothing closes");
    return isPlain ? part : { kind: "group", part, index };
  }

  private escaped(): Part {
    const sign = this.next();
    if (sign === "b" || sign === "B") return { kind: "place", place: sign === "b" ? "word" : "noword" };
    if (sign === "A" || sign === "z") return { kind: "place", place: sign === "A" ? "begin" : "end" };
    const ranges = classes[sign.toLowerCase()];
    if (ranges !== undefined) return { kind: "ranges", ranges, negated: sign < "a" };
    return one(this.escapedCode(sign));
  }

  private escapedCode(sign: string): number {
    if (Object.hasOwn(controls, sign)) return controls[sign]!;
    if (sign === "x") return this.hexadecimal();
    if (/[0-9A-Za-z]/.test(sign)) this.fail(`\\${sign}, which is not supported`);
    return sign.codePointAt(0)!;
  }

  private hexadecimal(): number {
    const found = /^(?:\{([\da-fA-F]{1,6})\}|([\da-fA-F]{2}))/.exec(
      this.text.slice(this.at, this.at + 8).join(""),
    );
    if (found === null) return this.fail("\\x without a number");
    this.at += found[0].length;
    const code = Number.parseInt(found[1] ?? found[2]!, 16);
    return code > lastCodePoint ? this.fail("a code that is too large") : code;
  }

  private set(): Part {
    const negated = this.take("^");
    const ranges: (readonly [number, number])[] = [];
    let isFirst = true;
    while (isFirst || this.peek() !== "]") {
      isFirst = false;
      const low = this.member();
      if (typeof low !== "number") ranges.push(...low);
      else if (this.peek() === "-" && this.text[this.at + 1] !== "]") {
        this.at++;
        const high = this.member();
        if (typeof high !== "number" || high < low) this.fail("a range that has no end");
        ranges.push([low, high as number]);
      } else ranges.push([low, low]);
    }
    this.at++;
    return { kind: "ranges", ranges, negated };
  }

  /** A character of a set, or the ranges of a class. */
  private member(): number | Ranges {
    const sign = this.next();
    if (sign === "[" && this.peek() === ":") this.fail("a named class");
    if (sign !== "\\") return sign.codePointAt(0)!;
    const escaped = this.next();
    const ranges = classes[escaped.toLowerCase()];
    if (ranges === undefined) return this.escapedCode(escaped);
    return escaped < "a" ? others(ranges) : ranges;
  }

  private peek(): string {
    return this.text[this.at] ?? "";
  }

  private next(): string {
    return this.text[this.at++] ?? this.fail("its end too early");
  }

  private take(sign: string): boolean {
    if (this.peek() !== sign) return false;
    this.at++;
    return true;
  }

  private fail(what: string): never {
    throw new Error(
      `Cannot read the pattern ${this.text.join("")}: ${what}, at character ${Math.min(this.at, this.text.length)}`,
    );
  }
}

function one(code: number): Part {
  return { kind: "ranges", ranges: [[code, code]], negated: false };
}

/** All that the ranges, which are in order, leave out. */
function others(ranges: Ranges): Ranges {
  const bounds = ranges.flatMap(([from, to]) => [from - 1, to + 1]);
  const all = [0, ...bounds, lastCodePoint];
  return all.flatMap((from, index) => (index % 2 === 0 ? [[from, all[index + 1]!] as const] : []));
}
