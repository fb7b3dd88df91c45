import { splitTexts } from "../../../sdk/runtime/text-pair.ts";
import { HostCallError } from "./error.ts";

/** Longest text that is parsed, in code units. */
const longest = 64 * 1024;
/**
 * Longest host that may need decoding, in code units. The time that IDNA takes grows with the square of
 * the length: 60 000 characters took most of a second.
 */
const longestDecodedHost = 2048;

const settable = [
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

/**
 * `HostOp.urlParse`: the `href` of a URL; the guest finds its components by itself.
 *
 * @param text base and input, as `joinTexts` joins them
 * @throws HostCallError TypeError when it is no URL, or too long a one
 */
export function urlParse(text: string): string {
  const [base, input] = partsOf(text);
  if (base !== undefined) refuseExpensive(base);
  refuseExpensive(input);
  const url = URL.parse(input, base);
  if (url === null) throw new HostCallError("TypeError", "Invalid URL");
  return url.href;
}

/**
 * `HostOp.urlSet`: the `href` after a component was assigned to. A value that the component cannot have
 * changes nothing, as the URL Standard has it.
 *
 * @param text the component, a colon, and href and value, as `joinTexts` joins them
 * @throws HostCallError TypeError for a component that there is not, or too long a text
 */
export function urlSet(text: string): string {
  const colon = text.indexOf(":");
  const component = settable.find((name) => name === text.slice(0, colon));
  const [href, value] = partsOf(text.slice(colon + 1));
  if (component === undefined || href === undefined) throw malformed();
  refuseExpensive(href);
  if (component === "host" || component === "hostname") refuseExpensive(value);
  else refuseLong(value);
  const url = URL.parse(href);
  if (url === null) throw malformed();
  url[component] = value;
  return url.href;
}

function partsOf(text: string): readonly [string | undefined, string] {
  const parts = splitTexts(text);
  if (parts === null) throw malformed();
  return parts;
}

/** Where a host stands in a text only parsing can tell; before the query, between slashes, it must be. */
function refuseExpensive(text: string): void {
  refuseLong(text);
  if (text.length <= longestDecodedHost) return;
  const beforeQuery = text.slice(0, text.search(/[?#]|$/));
  if (!/[^\0-\x7f]|%|xn--/i.test(beforeQuery)) return;
  if (beforeQuery.split(/[/\\]/).some((part) => part.length > longestDecodedHost)) {
    throw new HostCallError("TypeError", `Cannot parse URL: a part exceeds ${longestDecodedHost} characters`);
  }
}

function refuseLong(text: string): void {
  if (text.length > longest) {
    throw new HostCallError("TypeError", `Cannot parse URL: it exceeds ${longest} characters`);
  }
}

function malformed(): HostCallError {
  return new HostCallError("TypeError", "Malformed URL operation");
}
