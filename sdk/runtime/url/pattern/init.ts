import { URL } from "../url.ts";
import {
  canonicalDomain,
  canonicalHash,
  canonicalOpaqueHost,
  canonicalOpaquePathname,
  canonicalPassword,
  canonicalPathname,
  canonicalPort,
  canonicalProtocol,
  canonicalSearch,
  canonicalUsername,
  isSpecial,
} from "./canonical.ts";
import { escapePattern } from "./pattern-text.ts";

export const componentNames = [
  "protocol",
  "username",
  "password",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

export type ComponentName = (typeof componentNames)[number];

export interface URLPatternInit {
  protocol?: string;
  username?: string;
  password?: string;
  hostname?: string;
  port?: string;
  pathname?: string;
  search?: string;
  hash?: string;
  baseURL?: string;
}

/** Whether the components are patterns, or those of a URL to match. */
type Kind = "pattern" | "url";

/** The members that are there, as texts (Web IDL, "dictionary"). */
export function readInit(source: object): URLPatternInit {
  const init: URLPatternInit = {};
  for (const name of [...componentNames, "baseURL"] as const) {
    const value: unknown = Reflect.get(source, name);
    if (value !== undefined) init[name] = `${value as string}`.toWellFormed();
  }
  return init;
}

/**
 * URL Pattern Standard, "process a URLPatternInit".
 *
 * @throws TypeError when the base is no URL, or a component of a URL is none
 */
export function processInit(init: URLPatternInit, kind: Kind): URLPatternInit {
  const result: URLPatternInit = {};
  const base = init.baseURL === undefined ? null : new URL(init.baseURL);
  if (base !== null) inherit(result, init, base, kind);
  if (init.protocol !== undefined) result.protocol = processProtocol(init.protocol, kind);
  if (init.username !== undefined) result.username = processed(init.username, kind, canonicalUsername);
  if (init.password !== undefined) result.password = processed(init.password, kind, canonicalPassword);
  const scheme = result.protocol ?? "";
  const isStandard = scheme === "" || isSpecial(scheme);
  if (init.hostname !== undefined) {
    result.hostname = processed(init.hostname, kind, isStandard ? canonicalDomain : canonicalOpaqueHost);
  }
  if (init.port !== undefined) {
    result.port = processed(init.port, kind, (port) => canonicalPort(port, scheme));
  }
  if (init.pathname !== undefined) {
    const pathname = resolvePathname(init.pathname, base, kind);
    result.pathname = processed(pathname, kind, isStandard ? canonicalPathname : canonicalOpaquePathname);
  }
  if (init.search !== undefined) result.search = processed(without("?", init.search), kind, canonicalSearch);
  if (init.hash !== undefined) result.hash = processed(without("#", init.hash), kind, canonicalHash);
  return result;
}

/** A component comes from the base when it and all that is more specific before it is left out. */
function inherit(result: URLPatternInit, init: URLPatternInit, base: URL, kind: Kind): void {
  const isGiven = (...names: ComponentName[]) => names.some((name) => init[name] !== undefined);
  const take = (text: string) => (kind === "pattern" ? escapePattern(text) : text);
  if (!isGiven("protocol")) result.protocol = take(base.protocol.slice(0, -1));
  if (kind === "url" && !isGiven("protocol", "hostname", "port", "username")) {
    result.username = base.username;
    if (!isGiven("password")) result.password = base.password;
  }
  if (isGiven("protocol", "hostname")) return;
  result.hostname = take(base.hostname);
  if (isGiven("port")) return;
  result.port = take(base.port);
  if (isGiven("pathname")) return;
  result.pathname = take(base.pathname);
  if (isGiven("search")) return;
  result.search = take(without("?", base.search));
  if (!isGiven("hash")) result.hash = take(without("#", base.hash));
}

function processProtocol(value: string, kind: Kind): string {
  return processed(value.endsWith(":") ? value.slice(0, -1) : value, kind, canonicalProtocol);
}

function processed(value: string, kind: Kind, canonical: (value: string) => string): string {
  return kind === "pattern" ? value : canonical(value);
}

function resolvePathname(pathname: string, base: URL | null, kind: Kind): string {
  if (base === null || isOpaque(base) || isAbsolute(pathname, kind)) return pathname;
  const basePath = kind === "pattern" ? escapePattern(base.pathname) : base.pathname;
  return basePath.slice(0, basePath.lastIndexOf("/") + 1) + pathname;
}

function isAbsolute(pathname: string, kind: Kind): boolean {
  return pathname.startsWith("/") || (kind === "pattern" && /^[\\{]\//.test(pathname));
}

function isOpaque(url: URL): boolean {
  return !isSpecial(url.protocol.slice(0, -1)) && !url.pathname.startsWith("/") && url.pathname !== "";
}

function without(mark: string, value: string): string {
  return value.startsWith(mark) ? value.slice(1) : value;
}
