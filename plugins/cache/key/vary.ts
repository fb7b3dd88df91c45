import { withoutBlanks } from "../../shared/blanks.ts";
import { type FieldReader, isToken, splitList } from "../fields.ts";

/** Where no two values mean the same: commas in them need not separate members. */
const singletons = new Set(["authorization", "cookie", "from", "host", "origin", "referer", "user-agent"]);
/** Lists of ranges with weights, in which case says nothing (RFC 9110 sections 12.5.2 to 12.5.4). */
const caseless = new Set(["accept-charset", "accept-encoding", "accept-language"]);

/**
 * Names of the request fields that a response depends on, in lower case, sorted, each once; null when it
 * depends on more than can be known (`*`, RFC 9111 section 4.1). What is no field name counts as `*`.
 *
 * Two dependencies that origins are known to forget are added, because without them a client gets what was
 * made for another: on Accept-Encoding when there is a Content-Encoding, and on Origin when
 * Access-Control-Allow-Origin names one.
 *
 * @example
 * varyNames(readerOf([["vary", "Accept, Cookie"]])); // ["accept", "cookie"]
 */
export function varyNames(response: FieldReader): readonly string[] | null {
  const names = splitList(response.get("vary") ?? "").map((name) => name.toLowerCase());
  if (names.some((name) => name === "*" || !isToken(name))) return null;
  if (response.get("content-encoding") !== null) names.push("accept-encoding");
  const allowed = response.get("access-control-allow-origin");
  if (allowed !== null && withoutBlanks(allowed) !== "*") names.push("origin");
  return [...new Set(names)].sort();
}

/**
 * What of a request chooses among the responses to one key: the same text for two requests means that
 * RFC 9111 section 4.1 takes their fields as matching. A field that is absent differs from an empty one.
 *
 * @param names as `varyNames` returns them
 *
 * @example
 * variantKey(["accept-language"], readerOf([["accept-language", "DE,en"]])); // 'accept-language:"de, en"'
 */
export function variantKey(names: readonly string[], request: FieldReader): string {
  return names
    .map((name) => {
      const value = request.get(name);
      return value === null ? name : `${name}:${JSON.stringify(normalValue(name, value))}`;
    })
    .join("\n");
}

/** Section 4.1 lets a cache normalise what surely means the same: lines joined, white space around commas, case of languages. */
function normalValue(name: string, value: string): string {
  if (singletons.has(name)) return withoutBlanks(value);
  const members = splitList(value);
  return (caseless.has(name) ? members.map(normalRange) : members).join(", ");
}

function normalRange(range: string): string {
  return range.toLowerCase().split(";").map(withoutBlanks).join(";");
}
