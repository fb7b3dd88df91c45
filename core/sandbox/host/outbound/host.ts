import { isIPv4, isIPv6 } from "node:net";

/** What a host in a URL is: a name for the resolver, or an address as it is. */
export type HostKind = "name" | "address";

const longestName = 253;
const names = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/**
 * Kind of a host as the platform's URL wrote it, or null when nobody may be asked for it.
 *
 * URL has decoded escapes, mapped international names to punycode and rewritten `0x7f.1` as
 * `127.0.0.1` by then. It leaves a trailing dot and empty labels, which let one host have two
 * spellings; and a name that ends in a number would be an address to the system's resolver
 * (inet_aton), whatever URL took it for.
 *
 * @param host with the brackets of IPv6, as `URL.hostname`
 * @example
 * hostKind("api.example.com"); // "name"
 * hostKind("[::1]"); // "address"
 * hostKind("api.example.com."); // null
 */
export function hostKind(host: string): HostKind | null {
  if (host.startsWith("[")) return host.endsWith("]") && isIPv6(host.slice(1, -1)) ? "address" : null;
  if (host.length > longestName || !names.test(host)) return null;
  if (!endsInNumber(host)) return "name";
  return isIPv4(host) ? "address" : null;
}

/** Whether the host is this machine by its name (RFC 6761 section 6.3). */
export function isLocalhost(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

/** https://url.spec.whatwg.org/#ends-in-a-number-checker */
function endsInNumber(host: string): boolean {
  return /(^|\.)(\d+|0x[0-9a-f]*)$/.test(host);
}
