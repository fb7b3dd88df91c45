/**
 * JSON as it is edited: names are keys of a `Map`, so `__proto__` is one as any, and their order stays; numbers keep
 * the text that they came in, so those that a double cannot hold survive.
 */
export type Json = string | boolean | null | JsonNumber | Json[] | Map<string, Json>;

/** A number as it was written. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class JsonSyntaxError extends Error {}

const blank = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;

/**
 * RFC 8259. Of a name that comes twice the last value counts, as with `JSON.parse`.
 *
 * @param mostDepth of arrays and objects within each other
 * @throws JsonSyntaxError for what is no JSON, or too deep
 * @example
 * writeJson(parseJson('{"id": 9007199254740993}', 64)); // '{"id":9007199254740993}'
 */
export function parseJson(text: string, mostDepth: number): Json {
  let at = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return null;
    at += found[0].length;
    return found[0];
  };
  const takeMark = (mark: string): boolean => {
    take(blank);
    if (text[at] !== mark) return false;
    at++;
    return true;
  };
  const expect = (mark: string): void => {
    if (!takeMark(mark)) throw new JsonSyntaxError(`expected ${mark} at ${at}`);
  };
  const takeString = (): string => {
    take(blank);
    const end = text[at] === '"' ? stringEnd(text, at) : 0;
    if (end === 0) throw new JsonSyntaxError(`expected a string at ${at}`);
    const found = text.slice(at, end);
    at = end;
    try {
      return JSON.parse(found) as string;
    } catch {
      throw new JsonSyntaxError(`the string that ends at ${at} is none`);
    }
  };
  const value = (depth: number): Json => {
    take(blank);
    const opens = text[at] === "{" || text[at] === "[";
    if (opens && depth >= mostDepth) throw new JsonSyntaxError(`it is deeper than ${mostDepth}`);
    switch (text[at]) {
      case "{": {
        at++;
        const object = new Map<string, Json>();
        if (takeMark("}")) return object;
        do {
          const name = takeString();
          expect(":");
          object.set(name, value(depth + 1));
        } while (takeMark(","));
        expect("}");
        return object;
      }
      case "[": {
        at++;
        const list: Json[] = [];
        if (takeMark("]")) return list;
        do list.push(value(depth + 1));
        while (takeMark(","));
        expect("]");
        return list;
      }
      case '"':
        return takeString();
    }
    const known = take(word);
    if (known !== null) return known === "null" ? null : known === "true";
    const digits = take(number);
    if (digits === null) throw new JsonSyntaxError(`expected a value at ${at}`);
    return new JsonNumber(digits);
  };
  const result = value(0);
  take(blank);
  if (at < text.length) throw new JsonSyntaxError(`expected the end at ${at}`);
  return result;
}

export function writeJson(value: Json): string {
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${[...value].map(([name, item]) => `${JSON.stringify(name)}:${writeJson(item)}`).join(",")}}`;
}

/** Behind the quote that ends the string; 0 when none does. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote > 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === "\\") before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return 0;
}
