/** Names and values of fields as the Fetch Standard has them. */

/** The grammar of a token, RFC 9110 section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Values that are what they are: nothing to trim, nothing to refuse. */
const plainValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const outerWhitespace = /^[\t\n\r ]+|[\t\n\r ]+$/g;
const forbiddenInValue = /[\0\n\r]/;
const beyondByte = /[^\0-\xff]/;

/** The last value that held nothing but what may be sent. */
let lastPlain = "";

/** Whether this value was just found to hold no control character. */
export function isKnownPlain(value: string): boolean {
  return value === lastPlain;
}

/** Names that came before, and their lower case: programs use few. */
const knownNames = new Map<string, string>();
const mostKnownNames = 256;

/**
 * The lower case of a field name.
 *
 * @throws TypeError when it is no token (RFC 9110 section 5.6.2)
 * @example
 * fieldName("User-Agent"); // "user-agent"
 */
export function fieldName(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const text = `${name}`;
  if (!token.test(text)) throw new TypeError(`Field name ${JSON.stringify(text)} is not a token`);
  const lower = text.toLowerCase();
  if (knownNames.size < mostKnownNames) knownNames.set(text, lower);
  return lower;
}

/**
 * A field value without the whitespace around it.
 *
 * @throws TypeError for NUL, CR, LF and for what is no byte (Fetch Standard, "header value")
 */
export function fieldValue(value: string): string {
  // Policies often set the same value in one request after the other.
  if (value === lastPlain) return value;
  const text = `${value}`;
  if (plainValue.test(text)) {
    lastPlain = text;
    return text;
  }
  if (beyondByte.test(text)) throw new TypeError("Field value has a character beyond U+00FF");
  const trimmed = text.replace(outerWhitespace, "");
  if (forbiddenInValue.test(trimmed)) throw new TypeError("Field value has a NUL, CR or LF inside");
  return trimmed;
}
