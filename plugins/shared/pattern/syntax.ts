/**
 * Takes regular expressions of ECMA-262 apart (section 22.2.1). What one character has to be stays as it is written, and is
 * left to the engine; how parts follow each other is what decides how long a match may take.
 */

export type Part =
  | Sign
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "sequence"; readonly parts: readonly Part[] }
  | { readonly kind: "choice"; readonly parts: readonly Part[] }
  | { readonly kind: "repeat"; readonly part: Part; readonly least: number; readonly most: number }
  | { readonly kind: "look"; readonly part: Part; readonly isAhead: boolean; readonly isNegated: boolean }
  | { readonly kind: "reference" };

/** One character. */
export interface Sign {
  readonly kind: "sign";
  accepts(code: number): boolean;
  /** The only one that it accepts; null: it is a class. */
  readonly only: number | null;
  /** Whether it is known to accept nothing beyond ASCII. */
  readonly isAscii: boolean;
}

/** What stands at a place: no text, but a condition on it. */
export type Place = "begin" | "end" | "word" | "noword";

/** Groups in one another. */
const maxDepth = 100;

/**
 * @param isUnicode whether the expression has the flag `u`
 * @returns null for an expression with something that is not known here
 */
export function partsOf(expression: RegExp, isUnicode: boolean): Part | null {
  try {
    return new Reader(expression.source, isUnicode).read();
  } catch (error) {
    if (error instanceof Unknown) return null;
    throw error;
  }
}

class Unknown extends Error {}

/** The expression is sound: an engine has compiled it. */
class Reader {
  private readonly text: readonly string[];
  private readonly isUnicode: boolean;
  private readonly signs = new Map<string, Part>();
  private at = 0;
  private depth = 0;

  constructor(source: string, isUnicode: boolean) {
    this.text = isUnicode ? [...source] : source.split("");
    this.isUnicode = isUnicode;
  }

  read(): Part {
    const part = this.choice();
    if (this.at < this.text.length) throw new Unknown();
    return part;
  }

  private choice(): Part {
    if (++this.depth > maxDepth) throw new Unknown();
    const parts = [this.sequence()];
    while (this.take("|")) parts.push(this.sequence());
    this.depth--;
    return parts.length === 1 ? parts[0]! : { kind: "choice", parts };
  }

  private sequence(): Part {
    const parts: Part[] = [];
    while (this.at < this.text.length && this.peek() !== "|" && this.peek() !== ")") {
      const part = this.single();
      const [least, most] = this.count() ?? [1, 1];
      parts.push(least === 1 && most === 1 ? part : { kind: "repeat", part, least, most });
    }
    return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  }

  private count(): [least: number, most: number] | null {
    const found = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(this.ahead(40));
    if (found === null) return null;
    this.at += found[0].length;
    const [text, least, isOpen, most] = found;
    if (text.startsWith("*")) return [0, Infinity];
    if (text.startsWith("+")) return [1, Infinity];
    if (text.startsWith("?")) return [0, 1];
    return [Number(least), isOpen === undefined ? Number(least) : most === "" ? Infinity : Number(most)];
  }

  private single(): Part {
    const from = this.at;
    switch (this.next()) {
      case "(":
        return this.group();
      case "[":
        return this.set(from);
      case "^":
        return { kind: "place", place: "begin" };
      case "$":
        return { kind: "place", place: "end" };
      case "\\":
        return this.escaped(from);
      case ".":
        return this.sign(from);
      default:
        return this.character(from);
    }
  }

  private group(): Part {
    const found = /^\?(?:[:=!]|<[=!]|<[^>]*>)/.exec(this.ahead(200))?.[0] ?? "";
    if (found === "" && this.peek() === "?") throw new Unknown();
    this.at += found.length;
    const part = this.choice();
    if (!this.take(")")) throw new Unknown();
    const look = /^\?(<?)([=!])$/.exec(found);
    if (look === null) return part;
    return { kind: "look", part, isAhead: look[1] === "", isNegated: look[2] === "!" };
  }

  private set(from: number): Part {
    while (this.peek() !== "]") if (this.next() === "\\") this.next();
    this.at++;
    return this.sign(from);
  }

  private escaped(from: number): Part {
    const letter = this.next();
    if (letter === "b" || letter === "B") return { kind: "place", place: letter === "b" ? "word" : "noword" };
    if (/[1-9k]/.test(letter)) return this.reference(letter);
    if (letter === "0" && /\d/.test(this.peek())) throw new Unknown();
    if (letter === "c" && !/[A-Za-z]/.test(this.peek())) throw new Unknown();
    this.at += (form(this.isUnicode)[letter]?.exec(this.ahead(60))?.[0] ?? "").length;
    return this.sign(from);
  }

  private reference(letter: string): Part {
    const rest = letter === "k" ? /^<[^>]*>/ : /^\d*/;
    this.at += (rest.exec(this.ahead(200))?.[0] ?? "").length;
    return { kind: "reference" };
  }

  private character(from: number): Part {
    const code = this.text[from]!.codePointAt(0)!;
    return { kind: "sign", accepts: (other) => other === code, only: code, isAscii: code < 128 };
  }

  /** What the engine says of one character; a sign that comes again is the same one. */
  private sign(from: number): Part {
    const source = this.text.slice(from, this.at).join("");
    const known = this.signs.get(source);
    if (known !== undefined) return known;
    const test = new RegExp(`^${source}$`, this.isUnicode ? "u" : "");
    const verdicts = new Int8Array(128);
    const accepts = (code: number): boolean => {
      if (code >= 128) return test.test(String.fromCodePoint(code));
      if (verdicts[code] === 0) verdicts[code] = test.test(String.fromCodePoint(code)) ? 1 : -1;
      return verdicts[code] === 1;
    };
    const sign: Part = { kind: "sign", accepts, only: null, isAscii: asciiClass.test(source) };
    this.signs.set(source, sign);
    return sign;
  }

  /** A part of the text that comes next, as long as it may have to be looked at. */
  private ahead(length: number): string {
    return this.text.slice(this.at, this.at + length).join("");
  }

  private peek(): string {
    return this.text[this.at] ?? "";
  }

  private next(): string {
    const sign = this.text[this.at++];
    if (sign === undefined) throw new Unknown();
    return sign;
  }

  private take(sign: string): boolean {
    if (this.peek() !== sign) return false;
    this.at++;
    return true;
  }
}

/** Written with signs of ASCII, and without what stands for others: `.`, `[^`, `\\W`, `\\s`, `\\p`, `\\u`. */
const asciiClass = /^(?:\\[dw]|\\[^\w\s]|\[(?!\^)(?:[ -[^-~]|\\[dw]|\\[^\w\s])*\])$/;

const always: Readonly<Record<string, RegExp>> = { c: /^[A-Za-z]/, x: /^[\da-fA-F]{2}/, u: /^[\da-fA-F]{4}/ };
const withUnicode: Readonly<Record<string, RegExp>> = {
  ...always,
  // Two escaped halves are one character.
  u: /^(?:\{[\da-fA-F]+\}|[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|[\da-fA-F]{4})/,
  p: /^\{[^}]*\}/,
  P: /^\{[^}]*\}/,
};

/** What belongs to an escape behind its letter. */
function form(isUnicode: boolean): Readonly<Record<string, RegExp>> {
  return isUnicode ? withUnicode : always;
}
