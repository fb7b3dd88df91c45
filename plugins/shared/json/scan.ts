/** What a position says where there is none. */
export const nowhere = -1;

const quote = 0x22;
const backslash = 0x5c;
export const comma = 0x2c;
const colon = 0x3a;
const zero = 0x30;
const nine = 0x39;
export const openObject = 0x7b;
export const closeObject = 0x7d;
export const openList = 0x5b;
export const closeList = 0x5d;

/** Characters of a string that are looked at one by one; the rest of a longer one is left to a pattern. */
const mostSingle = 64;
const plainCharacters = /[\x20\x21\x23-\x5b\x5d-\uffff]*/y;
const escaped = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;

/** Twice the number of names up to which each is compared with those before it; of more a set is made. */
const mostCompared = 32;

/**
 * Steps over JSON (RFC 8259) and makes nothing of it: what is only to be found, checked or left as it is costs no more than a
 * look at each character. It goes over plain JSON alone, and stops `nowhere` at a syntax error, beyond the depth, at a name that an object has
 * twice, and at a name with escapes, which may be another one in disguise.
 *
 * @example
 * const scan = new JsonScan('{"a":[1,2]} ');
 * scan.value(0, 8); // 11
 */
export class JsonScan {
  readonly text: string;
  /** Begin and end of names of the objects that are open, those of the outermost first. */
  private readonly names: number[] = [];
  private top = 0;
  /** Names of objects that have many, by where those begin in `names`. */
  private many: Map<number, Set<string>> | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** Behind the value that begins here. @param depth of objects and lists in each other that are allowed from here on */
  value(at: number, depth: number): number {
    const { text } = this;
    switch (text.charCodeAt(at)) {
      case quote:
        return this.string(at);
      case openObject: {
        if (depth <= 0) return nowhere;
        let next = this.blank(at + 1);
        if (text.charCodeAt(next) === closeObject) return next + 1;
        const names = this.begin();
        for (;;) {
          next = this.member(names, next);
          if (next < 0) return nowhere;
          next = this.value(next, depth - 1);
          if (next < 0) return nowhere;
          next = this.blank(next);
          const code = text.charCodeAt(next);
          if (code === closeObject) break;
          if (code !== comma) return nowhere;
          next = this.blank(next + 1);
        }
        this.end(names);
        return next + 1;
      }
      case openList: {
        if (depth <= 0) return nowhere;
        let next = this.blank(at + 1);
        if (text.charCodeAt(next) === closeList) return next + 1;
        for (;;) {
          next = this.value(next, depth - 1);
          if (next < 0) return nowhere;
          next = this.blank(next);
          const code = text.charCodeAt(next);
          if (code === closeList) return next + 1;
          if (code !== comma) return nowhere;
          next = this.blank(next + 1);
        }
      }
      case 0x74:
        return text.startsWith("true", at) ? at + 4 : nowhere;
      case 0x66:
        return text.startsWith("false", at) ? at + 5 : nowhere;
      case 0x6e:
        return text.startsWith("null", at) ? at + 4 : nowhere;
      default:
        return this.number(at);
    }
  }

  /** The first place from here on that is no whitespace. */
  blank(from: number): number {
    const { text } = this;
    let at = from;
    let code = text.charCodeAt(at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++at);
    return at;
  }

  /** An object begins. Returns what `name` and `end` want to know of it. */
  begin(): number {
    return this.top;
  }

  end(names: number): void {
    this.top = names;
    this.many?.delete(names);
  }

  /** Behind a name and its quotes, if it is plain and the object did not have it yet. */
  name(names: number, at: number): number {
    const { text } = this;
    if (text.charCodeAt(at) !== quote) return nowhere;
    let end = at + 1;
    for (let code = text.charCodeAt(end); code !== quote; code = text.charCodeAt(++end)) {
      if (code === backslash || !(code >= 0x20)) return nowhere;
    }
    return this.isNew(names, at + 1, end) ? end + 1 : nowhere;
  }

  /** Where the value begins that belongs to a name, which ends here. */
  valueStart(nameEnd: number): number {
    const at = this.blank(nameEnd);
    return this.text.charCodeAt(at) === colon ? this.blank(at + 1) : nowhere;
  }

  /** Where the value of the member begins that begins here. */
  private member(names: number, at: number): number {
    const end = this.name(names, at);
    return end < 0 ? nowhere : this.valueStart(end);
  }

  private isNew(names: number, start: number, end: number): boolean {
    const { text, names: spans, top } = this;
    if (top - names >= mostCompared) return this.isNewAmongMany(names, text.slice(start, end));
    const length = end - start;
    for (let i = names; i < top; i += 2) {
      const other = spans[i]!;
      if (spans[i + 1]! - other === length && isSame(text, other, start, end)) return false;
    }
    spans[top] = start;
    spans[top + 1] = end;
    this.top = top + 2;
    return true;
  }

  private isNewAmongMany(names: number, name: string): boolean {
    const { text, names: spans, top } = this;
    this.many ??= new Map();
    let known = this.many.get(names);
    if (known === undefined) {
      known = new Set();
      for (let i = names; i < top; i += 2) known.add(text.slice(spans[i], spans[i + 1]));
      this.many.set(names, known);
    }
    if (known.has(name)) return false;
    known.add(name);
    return true;
  }

  private string(at: number): number {
    const { text } = this;
    let next = at + 1;
    for (let long = next + mostSingle; next < long; next++) {
      const code = text.charCodeAt(next);
      if (code === quote) return next + 1;
      if (code === backslash) break;
      if (!(code >= 0x20)) return nowhere;
    }
    return longString(text, next);
  }

  private number(from: number): number {
    const { text } = this;
    let at = text.charCodeAt(from) === 0x2d ? from + 1 : from;
    const whole = at;
    at = digitsEnd(text, at);
    if (at === whole || (at > whole + 1 && text.charCodeAt(whole) === zero)) return nowhere;
    if (text.charCodeAt(at) === 0x2e) {
      const fraction = at + 1;
      at = digitsEnd(text, fraction);
      if (at === fraction) return nowhere;
    }
    if ((text.charCodeAt(at) | 0x20) !== 0x65) return at;
    const sign = text.charCodeAt(at + 1);
    const power = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
    at = digitsEnd(text, power);
    return at === power ? nowhere : at;
  }
}

/** @param from within a string */
function longString(text: string, from: number): number {
  let at = from;
  for (;;) {
    plainCharacters.lastIndex = at;
    plainCharacters.test(text);
    at = plainCharacters.lastIndex;
    if (text.charCodeAt(at) === quote) return at + 1;
    escaped.lastIndex = at;
    if (!escaped.test(text)) return nowhere;
    at = escaped.lastIndex;
  }
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  let code = text.charCodeAt(at);
  while (code >= zero && code <= nine) code = text.charCodeAt(++at);
  return at;
}

/** Whether what begins at `other` is as what lies from `start` to `end`. */
function isSame(text: string, other: number, start: number, end: number): boolean {
  for (let at = start, there = other; at < end; at++, there++) {
    if (text.charCodeAt(at) !== text.charCodeAt(there)) return false;
  }
  return true;
}
