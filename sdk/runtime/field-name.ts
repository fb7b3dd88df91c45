import { isOwnedField } from "./owned-fields.ts";

/** The grammar of a token, RFC 9110 section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Names that came before, by their spelling: programs use few. Names that a head holds do not get in here. */
const known = new Map<string, FieldName>();
const mostKnown = 256;
const longestKnown = 128;

/** Longer values are not kept. */
const longestValue = 256;

/** A name, and what is asked of it in one message after the other. */
export class FieldName {
  /** In lower case. */
  readonly text: string;
  /** How the field begins behind the line before it. */
  readonly needle: string;
  /** Whether a guest may not change it. */
  readonly isOwned: boolean;
  /** A value that may be sent, and the line that it makes: the last one, since policies often set the same. */
  value = "";
  line: string;
  /** What the head with the number `foundIn` holds under this name (head-fields.ts). */
  found: string | null = null;
  foundIn = -1;

  constructor(text: string) {
    this.text = text;
    this.needle = `\n${text}:`;
    this.isOwned = isOwnedField(text);
    this.line = this.lineWith("");
  }

  lineWith(value: string): string {
    return `${this.text}: ${value}\r\n`;
  }

  /** @param line the one that `lineWith` makes of the value */
  remember(value: string, line: string): void {
    if (value.length > longestValue) return;
    this.value = value;
    this.line = line;
  }
}

/**
 * @throws TypeError when it is no token (RFC 9110 section 5.6.2)
 * @example fieldName("User-Agent").text; // "user-agent"
 */
export function fieldName(name: string): FieldName {
  const found = known.get(name);
  return found === undefined ? newFieldName(name) : found;
}

function newFieldName(name: string): FieldName {
  const text = `${name}`;
  if (!token.test(text)) throw new TypeError(`Field name ${JSON.stringify(text)} is not a token`);
  const lower = text.toLowerCase();
  const made = known.get(lower) ?? new FieldName(lower);
  if (known.size < mostKnown && text.length <= longestKnown) known.set(lower, made).set(text, made);
  return made;
}

/**
 * What stands between the values of several fields of one name, in lower case (RFC 9110 section 5.3). Of cookies nothing but
 * `;` is between two, and a comma belongs to one (RFC 9113 section 8.2.3).
 */
export function separatorOf(name: string): string {
  return name === "cookie" ? "; " : ", ";
}
