/** Cookies, as RFC 6265 has them. */

/**
 * All values that a Cookie field has under a name. More than one means that somebody else may have set one of them: a page of
 * another subdomain can, for the whole domain, and the service would see its cookie first or last.
 *
 * @param header of a request; null: it has no cookies
 * @example
 * cookieValues("a=1; b=2; a=3", "a"); // ["1", "3"]
 */
export function cookieValues(header: string | null, name: string): string[] {
  if (header === null || !header.includes(name)) return [];
  return header.split(";").flatMap((pair) => {
    const [found, value] = splitPair(pair);
    return found === name ? [value] : [];
  });
}

/**
 * The value that a response gives to a cookie; null: it leaves it as it is, empty: it takes it away.
 *
 * @param lines its Set-Cookie fields
 */
export function cookieSet(lines: readonly string[], name: string): string | null {
  let last: string | null = null;
  for (const line of lines) {
    const [pair = "", ...attributes] = line.split(";");
    const [found, value] = splitPair(pair);
    if (found === name) last = attributes.some(isOver) ? "" : value;
  }
  return last;
}

function isOver(attribute: string): boolean {
  return /^\s*max-age\s*=\s*(?:-|0+\s*$)/i.test(attribute);
}

function splitPair(pair: string): [name: string, value: string] {
  const equals = pair.indexOf("=");
  if (equals < 0) return ["", pair.trim()];
  const value = pair.slice(equals + 1).trim();
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return [pair.slice(0, equals).trim(), isQuoted ? value.slice(1, -1) : value];
}
