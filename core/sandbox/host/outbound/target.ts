import { HostCallError } from "../error.ts";
import { type HostKind, hostKind } from "./host.ts";

/** Where a request goes. It is granted, resolved and sent by these values alone: nothing parses the URL again. */
export interface Target {
  readonly protocol: "http:" | "https:";
  /** Canonical, with the brackets of IPv6. */
  readonly host: string;
  readonly hostKind: HostKind;
  readonly port: number;
  /** `https://api.example.com`, without a default port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

/** Characters of a URL. */
export const longestUrl = 16_384;
/**
 * Characters of an authority. The time that IDNA takes grows with the square of the length, and a name of more than 253
 * characters is none.
 */
const longestAuthority = 512;

/**
 * Takes a URL apart that a guest, or a server that redirects, wants to be fetched.
 *
 * @param base what a relative URL is relative to
 * @throws HostCallError TypeError: no URL, not HTTP, credentials in it, or a host that has another spelling
 * @example
 * parseTarget("https://api.example.com/users?page=2").path; // "/users?page=2"
 */
export function parseTarget(text: string, base?: Target): Target {
  if (text.length > longestUrl) throw refused(`URL is longer than ${longestUrl} characters`);
  if (authorityLength(text) > longestAuthority)
    throw refused(`URL has an authority that is longer than ${longestAuthority} characters`);
  const url = URL.parse(text, base && targetHref(base));
  if (url === null) throw refused("URL is not valid");
  const { protocol } = url;
  if (protocol !== "http:" && protocol !== "https:") throw refused(`URL has the scheme ${shown(protocol)}`);
  // They would end in logs and be sent nowhere: undici ignores them (fetch standard: "includes credentials").
  if (url.username !== "" || url.password !== "") throw refused("URL holds credentials");
  const kind = hostKind(url.hostname);
  if (kind === null) throw refused(`URL has the host ${shown(url.hostname)}, which is not in canonical form`);
  return {
    protocol,
    host: url.hostname,
    hostKind: kind,
    port: portNumber(protocol, url.port),
    origin: url.origin,
    path: url.pathname + url.search,
  };
}

/**
 * Of what the URL Standard would take for the authority, or more: blanks before a URL, and tabs and line ends anywhere
 * in it, count for nothing there, slashes may be any number and lean either way, and the base may give the scheme.
 */
function authorityLength(text: string): number {
  const found =
    /^[\0- ]*(?:[a-z][a-z0-9+.\t\r\n-]*:[/\\\t\r\n]*|[/\\][\t\r\n]*[/\\][/\\\t\r\n]*)([^/\\?#]*)/i.exec(text);
  return found === null ? 0 : found[1]!.length;
}

/** The URL without its fragment, which nobody is sent. */
export function targetHref(target: Target): string {
  return target.origin + target.path;
}

/** Port of a URL or of a connection, where none means the scheme's own. */
export function portNumber(protocol: string, port: string): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

function refused(what: string): HostCallError {
  return new HostCallError("TypeError", `${what}`);
}

function shown(part: string): string {
  return JSON.stringify(part.slice(0, 80));
}
