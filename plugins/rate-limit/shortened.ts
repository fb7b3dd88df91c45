import { hashOf } from "./hash.ts";

const longest = 96;
const kept = 48;

/**
 * A text as a part of a key, which has an end: of a long one its beginning, its length and a hash. Texts that come to the
 * same share a limit; to find one that shares somebody's, one has to know theirs, and might send that.
 *
 * @example
 * shortened("a".repeat(1000)).length; // 67
 */
export function shortened(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, kept)} ${text.length} ${hashOf(text)}`;
}
