/** Looks over a JSON text (RFC 8259) without building anything of it, so that what it would build cannot harm. */

export interface JsonLimits {
  /** Arrays and objects in one another. */
  readonly maxDepth: number;
  /** Values in all: those in arrays and objects, and these themselves. */
  readonly maxValues: number;
  /** Readers disagree on which of two members of the same name counts (RFC 8259 section 4). */
  readonly duplicateKeys: boolean;
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const literals = ["true", "false", "null"];

/**
 * Says why a text is refused; null: it is JSON within the limits. Takes a time that grows with the text alone, and never goes deeper than it
 * may.
 *
 * @example
 * scanJson('{"a":1,"\\u0061":2}', { maxDepth: 32, maxValues: 1000, duplicateKeys: false }); // "two members have the same name"
 */
export function scanJson(text: string, limits: JsonLimits): string | null {
  try {
    new JsonScanner(text, limits).scan();
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

class Refused extends Error {}

/** The names of an object so far; null: an array. */
type Open = Set<string> | null;

class JsonScanner {
  private readonly text: string;
  private readonly limits: JsonLimits;
  private readonly open: Open[] = [];
  private at = 0;
  private values = 0;

  constructor(text: string, limits: JsonLimits) {
    this.text = text;
    this.limits = limits;
  }

  scan(): void {
    do {
      // An array or object that has just begun, and is not empty, goes on with a value.
      while (this.beginValue());
    } while (this.goesOn());
    if (this.at !== this.text.length) this.malformed();
  }

  /** Whether another value follows, in what is open. */
  private goesOn(): boolean {
    while (this.open.length > 0) {
      this.skipSpace();
      const top = this.open.at(-1)!;
      if (this.take(",")) {
        if (top !== null) this.member(top);
        return true;
      }
      if (!this.take(top === null ? "]" : "}")) this.malformed();
      this.open.pop();
    }
    this.skipSpace();
    return false;
  }

  /** Whether the value is one that another one must follow in. */
  private beginValue(): boolean {
    if (++this.values > this.limits.maxValues)
      throw new Refused(`it has more than ${this.limits.maxValues} values`);
    this.skipSpace();
    switch (this.text[this.at]) {
      case "{":
        return this.enter(new Set(), "}");
      case "[":
        return this.enter(null, "]");
      case '"':
        this.string();
        return false;
      default:
        if (!this.matches(number)) this.literal();
        return false;
    }
  }

  private enter(kind: Open, end: string): boolean {
    this.at++;
    if (this.open.length >= this.limits.maxDepth)
      throw new Refused(`it is deeper than ${this.limits.maxDepth}`);
    this.skipSpace();
    if (this.take(end)) return false;
    this.open.push(kind);
    if (kind !== null) this.member(kind);
    return true;
  }

  private member(names: Set<string>): void {
    this.skipSpace();
    const name = this.string();
    if (!this.limits.duplicateKeys) {
      if (names.has(name)) throw new Refused("two members have the same name");
      names.add(name);
    }
    this.skipSpace();
    if (!this.take(":")) this.malformed();
  }

  /** @returns what it means, as long as that may matter */
  private string(): string {
    const begin = this.at;
    if (!this.take('"')) this.malformed();
    let isEscaped = false;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x5c) {
        isEscaped = true;
        if (!this.matches(escapeSequence)) this.malformed();
      } else {
        // NaN, at the end, is not at least anything.
        if (!(code >= 0x20)) this.malformed();
        this.at++;
        if (code === 0x22) break;
      }
    }
    const text = this.text.slice(begin, this.at);
    return isEscaped ? JSON.parse(text) : text.slice(1, -1);
  }

  private literal(): void {
    const found = literals.find((word) => this.text.startsWith(word, this.at)) ?? this.malformed();
    this.at += found.length;
  }

  private matches(part: RegExp): boolean {
    part.lastIndex = this.at;
    if (!part.test(this.text)) return false;
    this.at = part.lastIndex;
    return true;
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private take(sign: string): boolean {
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  private malformed(): never {
    throw new Refused("it is not JSON");
  }
}
