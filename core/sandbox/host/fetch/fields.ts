/** Fields that guests send and receive. Names and values are checked on the host whatever the guest's Headers let through. */
import { HostCallError } from "../error.ts";
import { mostFields } from "./limits.ts";

export type Field = readonly [name: string, value: string];

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 section 5.5: bytes as latin1, no control characters but the tab. */
const value = /^[\t\x20-\x7e\x80-\xff]*$/;
const longestFields = 16 * 2 ** 10;

/**
 * Fields that frame the message, belong to one connection or say what the host can decode: the host
 * writes them. The fetch standard calls such names forbidden and drops them in silence, so that the
 * headers of an incoming request can be passed on as they are [CVE-2026-1525].
 */
const hostWrites = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

/** Fields that say how a body arrived; what a guest gets is decoded and unframed. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const ofEncodedBody = new Set(["content-encoding", "content-length"]);

/**
 * The fields of a guest's request that are sent.
 *
 * @throws HostCallError TypeError
 */
export function checkedFields(fields: readonly Field[]): Field[] {
  if (fields.length > mostFields) throw malformed(`more than ${mostFields} fields`);
  let length = 0;
  for (const [name, text] of fields) {
    const shown = JSON.stringify(name.slice(0, 40));
    if (!token.test(name)) throw malformed(`a field name that is no token: ${shown}`);
    if (!value.test(text)) throw malformed(`a value of ${shown} with characters that no field may hold`);
    length += name.length + text.length;
  }
  if (length > longestFields) throw malformed(`more than ${longestFields} bytes of fields`);
  return fields
    .map(([name, text]): Field => [name.toLowerCase(), text])
    .filter(([name]) => !isWrittenByHost(name));
}

/** `proxy` is read as HTTP_PROXY by CGI programs (httpoxy, CVE-2016-5385); some servers take `_` for `-`. */
function isWrittenByHost(lowerCaseName: string): boolean {
  const name = lowerCaseName.replaceAll("_", "-");
  return hostWrites.has(name) || name === "proxy" || name.startsWith("proxy-");
}

/** What the fetch standard sends where a guest says nothing. */
export function withDefaultFields(fields: readonly Field[]): Field[] {
  const has = (name: string) => fields.some(([other]) => other === name);
  return [
    ...(has("accept") ? [] : [["accept", "*/*"] as const]),
    ...(has("user-agent") ? [] : [["user-agent", "sluice"] as const]),
    ...fields,
    ["accept-encoding", "gzip, br"],
  ];
}

/**
 * The fields of a response as the guest sees them: names in lower case, each Set-Cookie on its own.
 *
 * @param raw name, value, name, value
 * @param isDecoded whether the body is no longer what Content-Encoding and Content-Length describe
 */
export function responseFields(raw: readonly string[], isDecoded: boolean): Field[] {
  if (raw.length > 2 * mostFields) {
    throw new HostCallError("TypeError", `response has more than ${mostFields} fields`);
  }
  const fields: Field[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (hopByHop.has(name) || (isDecoded && ofEncodedBody.has(name))) continue;
    fields.push([name, withoutPadding(raw[i + 1]!)]);
  }
  return fields;
}

/** All values of a field, in one list. */
export function fieldValues(raw: readonly string[], name: string): string[] {
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]!.toLowerCase() === name);
}

/** RFC 9110 section 5.5; `trim` would take more than blanks and tabs. */
function withoutPadding(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function malformed(what: string): HostCallError {
  return new HostCallError("TypeError", `request has ${what}`);
}
