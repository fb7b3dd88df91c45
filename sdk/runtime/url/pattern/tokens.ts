/** The tokens of a pattern, URL Pattern Standard section 2.1. */

export type TokenType =
  | "open"
  | "close"
  | "regexp"
  | "name"
  | "char"
  | "escaped-char"
  | "other-modifier"
  | "asterisk"
  | "end"
  | "invalid-char";

export interface Token {
  readonly type: TokenType;
  /** Where it begins in the pattern. */
  readonly index: number;
  readonly value: string;
}

/** A token, and where the next begins. */
interface Found {
  readonly token: Token;
  readonly end: number;
}

const single: Readonly<Record<string, TokenType>> = {
  __proto__: null as never,
  "*": "asterisk",
  "+": "other-modifier",
  "?": "other-modifier",
  "{": "open",
  "}": "close",
};

/**
 * @param policy what becomes of a pattern that is none: an exception, or a token that says so
 * @throws TypeError when strict
 */
export function tokenize(pattern: string, policy: "strict" | "lenient"): Token[] {
  const tokens: Token[] = [];
  let index = 0;
  while (index < pattern.length) {
    const found = tokenAt(pattern, index);
    if (typeof found === "string") {
      if (policy === "strict")
        throw new TypeError(`Invalid pattern ${JSON.stringify(pattern)}: ${found} at ${index}`);
      const value = characterAt(pattern, index);
      tokens.push({ type: "invalid-char", index, value });
      index += value.length;
    } else {
      tokens.push(found.token);
      index = found.end;
    }
  }
  tokens.push({ type: "end", index, value: "" });
  return tokens;
}

/** The token, or what is wrong. */
function tokenAt(pattern: string, index: number): Found | string {
  const value = characterAt(pattern, index);
  const type = single[value];
  if (type !== undefined) return { token: { type, index, value }, end: index + 1 };
  if (value === "\\") return escapedAt(pattern, index);
  if (value === ":") return nameAt(pattern, index);
  if (value === "(") return regexpAt(pattern, index);
  return { token: { type: "char", index, value }, end: index + value.length };
}

function escapedAt(pattern: string, index: number): Found | string {
  if (index + 1 === pattern.length) return "nothing is escaped";
  const value = characterAt(pattern, index + 1);
  return { token: { type: "escaped-char", index, value }, end: index + 1 + value.length };
}

function nameAt(pattern: string, index: number): Found | string {
  let end = index + 1;
  while (end < pattern.length) {
    const character = characterAt(pattern, end);
    if (!isNameCharacter(character, end === index + 1)) break;
    end += character.length;
  }
  if (end === index + 1) return "a name is missing";
  return { token: { type: "name", index, value: pattern.slice(index + 1, end) }, end };
}

function regexpAt(pattern: string, index: number): Found | string {
  const start = index + 1;
  if (pattern[start] === "?") return "a group begins with ?";
  let depth = 1;
  let end = start;
  for (; end < pattern.length && depth > 0; end++) {
    const character = pattern[end]!;
    if (character > "\x7f") return "a group has a character beyond ASCII";
    if (character === "\\") {
      end++;
      if (end === pattern.length) return "nothing is escaped";
      if (pattern[end]! > "\x7f") return "a group has a character beyond ASCII";
    } else if (character === ")") depth--;
    else if (character === "(") {
      depth++;
      if (pattern[end + 1] !== "?") return "a group captures within a group";
    }
  }
  if (depth > 0) return "a group is not closed";
  if (end - 1 === start) return "a group is empty";
  return { token: { type: "regexp", index, value: pattern.slice(start, end - 1) }, end };
}

const asciiStart = /^[$A-Z_a-z]$/;
const asciiPart = /^[$0-9A-Z_a-z]$/;
let unicodeStart: RegExp | null = null;
let unicodePart: RegExp | null = null;

/** Whether a name may have this character; the tables of Unicode are asked beyond ASCII alone. */
export function isNameCharacter(character: string, isFirst: boolean): boolean {
  if (character <= "\x7f") return (isFirst ? asciiStart : asciiPart).test(character);
  unicodeStart ??= /^\p{ID_Start}$/u;
  unicodePart ??= /^(?:\u200c|\u200d|\p{ID_Continue})$/u;
  return (isFirst ? unicodeStart : unicodePart).test(character);
}

function characterAt(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index)!);
}
