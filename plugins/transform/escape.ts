/**
 * Puts a value into a place of its own, so that nothing of it means anything there.
 *
 * @param isAlone whether the template is this value and nothing else
 * @param isQuoted whether it stands between double quotes
 */
export type Escape = (value: string, isAlone: boolean, isQuoted: boolean) => string;

/**
 * For a field (RFC 9110 section 5.5 and 5.6). A line break would begin another field; between quotes a quote is escaped;
 * beside other text, what separates parts of a value is percent-encoded.
 *
 * @example
 * escapeForField('a", role="admin', false, true); // 'a\\", role=\\"admin'
 */
export const escapeForField: Escape = (value, isAlone, isQuoted) => {
  if (isQuoted) return percent(value, /[^\t\x20-\x7e]/gu).replace(/["\\]/g, "\\$&");
  return percent(value, isAlone ? /[^\t\x20-\x7e]/gu : /[^\x21-\x7e]|[%,;"\\<>()]/gu);
};

/** For a query parameter, a segment of a path or the value of a cookie: nothing of it separates anything. */
export const escapeForUrl: Escape = (value) => percent(value, /[^A-Za-z0-9._~-]/gu);

/** For a value of JSON, which is written as JSON afterwards. */
export const escapeNothing: Escape = (value) => value;

function percent(value: string, unsafe: RegExp): string {
  return value.replace(unsafe, (character) => {
    const escaped = encodeURIComponent(isLone(character) ? "\ufffd" : character);
    return escaped === character ? `%${character.charCodeAt(0).toString(16).toUpperCase()}` : escaped;
  });
}

/** Half of a character, which UTF-8 cannot tell. */
function isLone(character: string): boolean {
  return /^[\ud800-\udfff]$/u.test(character);
}
