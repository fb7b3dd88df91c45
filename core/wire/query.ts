/** Parameters of a query, as the URL standard reads `application/x-www-form-urlencoded`. */
import { hexValue } from "./characters.ts";

/**
 * Value of the first parameter of a name, decoded; null when there is none. Names are compared decoded too, or
 * `?%61=1` would be `a` to the endpoint and not to a route.
 *
 * @param query from `?` on, or empty
 * @param name in the form of {@link asBytes}, as the value that is returned
 * @example
 * readParameter("?tag=a%20b&tag=c", "tag"); // "a b"
 */
export function readParameter(query: string, name: string): string | null {
  for (let start = 1; start < query.length; ) {
    const ampersand = query.indexOf("&", start);
    const end = ampersand === -1 ? query.length : ampersand;
    const equals = query.indexOf("=", start);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    // Nothing between two & is no parameter.
    if (end > start && decode(query, start, nameEnd) === name) {
      return decode(query, Math.min(nameEnd + 1, end), end);
    }
    start = end + 1;
  }
  return null;
}

/**
 * A text with one character for each of its bytes in UTF-8, as texts off the wire are.
 *
 * @example
 * asBytes("ä"); // "Ã¤"
 */
export function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

const percent = 0x25;
const plus = 0x2b;

/** What is no escape stays as it is. */
function decode(text: string, start: number, end: number): string {
  let out = "";
  let copied = start;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === plus) {
      out += `${text.slice(copied, i)} `;
      copied = i + 1;
    } else if (code === percent && i + 2 < end) {
      const high = hexValue[text.charCodeAt(i + 1)]!;
      const low = hexValue[text.charCodeAt(i + 2)]!;
      if (high === 255 || low === 255) continue;
      out += text.slice(copied, i) + String.fromCharCode(high * 16 + low);
      i += 2;
      copied = i + 1;
    }
  }
  return out + text.slice(copied, end);
}
