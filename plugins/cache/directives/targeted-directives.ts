import { withoutBlanks } from "../../shared/blanks.ts";
import type { FieldReader } from "../fields.ts";
import type { Directives } from "./directives.ts";
import { meaningOf, type ResponseDirectives, responseDirectives } from "./response-directives.ts";
import { type Member, parseDictionary } from "./structured-field.ts";

/** What governs a response in this cache, and where that was read. */
export interface Governing {
  readonly directives: ResponseDirectives;
  /** Whether a targeted field said it, so that Cache-Control and Expires do not count. */
  readonly isTargeted: boolean;
}

const timed = ["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"];
const plain = ["public", "no-store", "must-understand", "must-revalidate", "proxy-revalidate"];

/**
 * The directives that this cache obeys (RFC 9213 section 2.2): those of the first targeted field that is
 * valid and not empty, or else those of Cache-Control.
 *
 * @param targets names of the targeted fields, in lower case, the most specific first
 */
export function governingDirectives(fields: FieldReader, targets: readonly string[]): Governing {
  for (const target of targets) {
    const value = fields.get(target);
    const directives = value === null ? null : targetedDirectives(value);
    if (directives) return { directives: meaningOf(directives), isTargeted: true };
  }
  return { directives: responseDirectives(fields.get("cache-control")), isTargeted: false };
}

/**
 * Reads a targeted field: a dictionary whose members are cache directives (RFC 9213 section 2.1). Null when
 * it is empty, not a dictionary, or gives a known directive a value of the wrong type: then it counts as absent.
 *
 * @example
 * targetedDirectives("max-age=60")?.get("max-age"); // ["60"]
 * targetedDirectives('max-age="60"'); // null
 */
export function targetedDirectives(value: string): Directives | null {
  const dictionary = withoutBlanks(value) === "" ? null : parseDictionary(value);
  if (!dictionary) return null;
  const directives = new Map<string, (string | null)[]>();
  for (const [name, member] of dictionary) {
    const argument = argumentOf(name, member);
    if (argument === undefined) return null;
    if (argument !== false) directives.set(name, [argument]);
  }
  return directives;
}

/** False: the directive is switched off. Undefined: the type is wrong. */
function argumentOf(name: string, member: Member): string | null | false | undefined {
  if (member.type === "boolean" && !member.value) return timed.includes(name) ? undefined : false;
  if (timed.includes(name)) return member.type === "integer" ? String(member.value) : undefined;
  if (plain.includes(name)) return member.type === "boolean" ? null : undefined;
  // For no-cache and private, lists of names have no agreed form here: the strictest one is taken.
  return null;
}
