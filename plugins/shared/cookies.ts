/** Cookies of a request, as browsers send them (RFC 6265 section 5.4). */
import { withoutBlanks } from "./blanks.ts";

export interface Cookie {
  /** Empty: it has none. */
  readonly name: string;
  readonly value: string;
  /** Both, as they stand in the field. */
  readonly written: string;
}

/**
 * The cookies of a Cookie field, in their order.
 *
 * Nothing but `;` is between two, and nothing but blanks and tabs is around one. Browsers keep `__Host-` and `__Secure-` for
 * who may set such cookies, by how a name begins; whoever may set any other, as another subdomain can, would make one of
 * `a=1,__Host-b=2`, or of a name behind a character that is a blank to `trim` alone (U+00A0).
 *
 * @param field null: there are none
 * @example
 * cookiesIn("a=1; b=2"); // [{ name: "a", value: "1", written: "a=1" }, { name: "b", value: "2", written: "b=2" }]
 */
export function cookiesIn(field: string | null): Cookie[] {
  return field === null ? [] : field.split(";").map(cookieOf);
}

/** The cookie that a text between two `;` is. */
export function cookieOf(text: string): Cookie {
  const written = withoutBlanks(text);
  const equals = written.indexOf("=");
  if (equals < 0) return { name: "", value: written, written };
  return {
    name: withoutBlanks(written.slice(0, equals)),
    value: withoutBlanks(written.slice(equals + 1)),
    written,
  };
}
