/** Cookies, as RFC 6265 has them. */
import { cookieOf, cookiesIn } from "../shared/cookies.ts";

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
  return cookiesIn(header).flatMap(({ name: found, value }) => (found === name ? [unquoted(value)] : []));
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
    const { name: found, value } = cookieOf(pair);
    if (found === name) last = attributes.some(isOver) ? "" : unquoted(value);
  }
  return last;
}

function isOver(attribute: string): boolean {
  return /^\s*max-age\s*=\s*(?:-|0+\s*$)/i.test(attribute);
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
