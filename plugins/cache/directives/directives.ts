import { withoutBlanks } from "../../shared/blanks.ts";
import { isToken, splitList } from "../fields.ts";

/** Every occurrence of each directive: its argument, null without one, `malformed` when it is neither token nor quoted string. */
export type Directives = ReadonlyMap<string, readonly Argument[]>;

type Argument = string | null | typeof malformed;

const malformed = Symbol("malformed");

/** RFC 9111 section 1.2.2: what a cache that cannot count so far is to take instead. */
const mostSeconds = 2 ** 31;

/**
 * The directives of a Cache-Control field (RFC 9111 section 5.2). Names are in lower case. Nothing is
 * thrown: a directive whose argument cannot be read is there and counts as its strictest form.
 *
 * @example
 * parseDirectives('max-age="60", no-cache').get("max-age"); // ["60"]
 */
export function parseDirectives(value: string | null): Directives {
  const directives = new Map<string, Argument[]>();
  if (value === null) return directives;
  for (const member of splitList(value)) {
    const equals = member.indexOf("=");
    const name = withoutBlanks(equals < 0 ? member : member.slice(0, equals)).toLowerCase();
    const argument = equals < 0 ? null : argumentOf(member, equals);
    const others = directives.get(name);
    if (others) others.push(argument);
    else directives.set(name, [argument]);
  }
  return directives;
}

/** RFC 9111 section 5.2: recipients take both forms, whatever the directive is defined with. */
function argumentOf(member: string, equals: number): Argument {
  const text = member.slice(equals + 1);
  // The grammar has no white space around "=".
  if (member[equals - 1] === " " || member[equals - 1] === "\t") return malformed;
  if (!text.startsWith('"')) return isToken(text) ? text : malformed;
  return /^"(?:[^"\\]|\\.)*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, "$1") : malformed;
}

/**
 * Seconds that a directive of a response names, null when it is not there. Invalid or missing seconds, and
 * different ones of the same directive, are 0: RFC 9111 section 4.2.1 has such a response count as stale.
 *
 * @example
 * secondsOf(parseDirectives("max-age=10, max-age=20"), "max-age"); // 0
 */
export function secondsOf(directives: Directives, name: string): number | null {
  const found = directives.get(name);
  if (!found) return null;
  const seconds = found.map((argument) => (typeof argument === "string" ? parseSeconds(argument) : null));
  const [first] = seconds;
  return first != null && seconds.every((other) => other === first) ? first : 0;
}

/**
 * Delta-seconds (RFC 9111 section 1.2.2), at most 2^31, or null when the text is none.
 *
 * @example
 * parseSeconds("99999999999"); // 2147483648
 */
export function parseSeconds(text: string): number | null {
  return /^[0-9]+$/.test(text) ? Math.min(Number(text), mostSeconds) : null;
}

/**
 * What `no-cache` and `private` are about (RFC 9111 sections 5.2.2.4 and 5.2.2.7): `all`, some fields in
 * lower case, or nothing when the directive is not there. An argument that is no list of names is `all`.
 *
 * @example
 * scopeOf(parseDirectives('private="Set-Cookie"'), "private"); // ["set-cookie"]
 */
export function scopeOf(directives: Directives, name: string): "all" | readonly string[] {
  const names: string[] = [];
  for (const argument of directives.get(name) ?? []) {
    if (typeof argument !== "string") return "all";
    const listed = splitList(argument);
    if (listed.length === 0 || !listed.every(isToken)) return "all";
    names.push(...listed.map((field) => field.toLowerCase()));
  }
  return names;
}
