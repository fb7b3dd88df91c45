import { withoutBlanks } from "../shared/blanks.ts";

/** As much of the web's `Headers` as the rules read: a request's or response's `headers` fit. */
export interface FieldReader {
  /** The values of all fields with this name, joined with `, `; null when there is none. */
  get(name: string): string | null;
}

/** Fields as they are kept: names in lower case, in the order received, Set-Cookie one pair each. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** What the rules need to know of a request; a `PluginRequest` fits. */
export interface RequestHead {
  readonly method: string;
  /** Absolute, its path as the proxy forwards it. */
  readonly url: string;
  readonly headers: FieldReader;
}

/** What the rules need to know of a response that has just arrived. */
export interface ResponseHead {
  readonly status: number;
  readonly fields: FieldList;
}

/** Reads a list as `Headers` would, without the cost of making one. */
export function readerOf(fields: FieldList): FieldReader {
  return { get: (name) => fieldValue(fields, name) };
}

/**
 * The values of all fields with this name (in lower case), joined as RFC 9110 section 5.3 says, or null.
 *
 * @example
 * fieldValue([["vary", "a"], ["vary", "b"]], "vary"); // "a, b"
 */
export function fieldValue(fields: FieldList, name: string): string | null {
  let joined: string | null = null;
  for (const [other, value] of fields) {
    if (other === name) joined = joined === null ? value : `${joined}, ${value}`;
  }
  return joined;
}

/**
 * The members of a list (RFC 9110 section 5.6.1): commas inside quoted strings do not count, white space
 * around a member is dropped, and so are empty members. A quoted string that never ends reaches to the end.
 *
 * @example
 * splitList('no-cache="a, b", max-age=1'); // ['no-cache="a, b"', "max-age=1"]
 */
export function splitList(value: string): string[] {
  const members = value.includes('"') ? splitQuoted(value) : value.split(",");
  return members.map(withoutBlanks).filter((member) => member !== "");
}

function splitQuoted(value: string): string[] {
  const members: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at++) {
    const character = value[at];
    if (isQuoted && character === "\\") at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === "," && !isQuoted) {
      members.push(value.slice(start, at));
      start = at + 1;
    }
  }
  members.push(value.slice(start));
  return members;
}

/** Whether a text is a token (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}
