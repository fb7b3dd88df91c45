import { trimmed } from "./trimmed.ts";

/** Values that are what they are: nothing to trim, nothing to refuse. */
const plainValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const forbiddenInValue = /[\0\n\r]/;
const beyondByte = /[^\0-\xff]/;

/**
 * A field value without the whitespace around it.
 *
 * @throws TypeError for NUL, CR, LF and for what is no byte (Fetch Standard, "header value")
 */
export function fieldValue(value: string): string {
  const text = `${value}`;
  if (plainValue.test(text)) return text;
  if (beyondByte.test(text)) throw new TypeError("Field value has a character beyond U+00FF");
  const inner = trimmed(text, isWhitespace);
  if (forbiddenInValue.test(inner)) throw new TypeError("Field value has a NUL, CR or LF inside");
  return inner;
}

function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}
