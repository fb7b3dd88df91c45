/**
 * Components in the form that a parsed URL has them in, URL Pattern Standard section 3.2. The parser is
 * asked through the setters of `URL`, which leave a URL alone when they refuse a value.
 */
import { URL } from "../url.ts";

const defaultPorts: Readonly<Record<string, string>> = {
  __proto__: null as never,
  file: "",
  ftp: "21",
  http: "80",
  https: "443",
  ws: "80",
  wss: "443",
};

export const specialSchemes = Object.keys(defaultPorts);

export function isSpecial(scheme: string): boolean {
  return scheme in defaultPorts;
}

export function isDefaultPort(port: string, scheme: string): boolean {
  return port !== "" && defaultPorts[scheme] === port;
}

/** @throws TypeError */
export function canonicalProtocol(value: string): string {
  if (value === "") return "";
  const url = URL.parse(`${value}://dummy.invalid/`);
  if (url === null) throw new TypeError(`Invalid protocol ${JSON.stringify(value)}`);
  return url.protocol.slice(0, -1);
}

export function canonicalUsername(value: string): string {
  return value === "" ? "" : assigned("username", value);
}

export function canonicalPassword(value: string): string {
  return value === "" ? "" : assigned("password", value);
}

/**
 * The host of a URL whose scheme is special.
 *
 * @throws TypeError
 */
export function canonicalDomain(value: string): string {
  return canonicalHostOn("https://dummy.invalid/", value);
}

/**
 * The host of any other URL.
 *
 * @throws TypeError
 */
export function canonicalOpaqueHost(value: string): string {
  return canonicalHostOn("dummy://dummy.invalid/", value);
}

/** @throws TypeError */
export function canonicalIPv6(value: string): string {
  if (!/^[0-9a-f[\]:]*$/i.test(value)) throw new TypeError(`Invalid IPv6 address ${JSON.stringify(value)}`);
  return value.toLowerCase();
}

/**
 * @param scheme whose default port becomes empty
 * @throws TypeError
 */
export function canonicalPort(value: string, scheme: string): string {
  if (value === "") return "";
  const digits = /^[0-9]+/.exec(withoutBreaks(value))?.[0];
  const port = Number(digits ?? Number.NaN);
  if (!(port <= 0xffff)) throw new TypeError(`Invalid port ${JSON.stringify(value)}`);
  return isDefaultPort(`${port}`, scheme) ? "" : `${port}`;
}

/** A part of a path may come without a slash before it, and keeps none. */
export function canonicalPathname(value: string): string {
  if (value === "") return "";
  return value[0] === "/" ? assigned("pathname", value) : assigned("pathname", `/-${value}`).slice(2);
}

/** The path of a URL like `data:`: nothing in it is a separator. */
export function canonicalOpaquePathname(value: string): string {
  return withoutBreaks(value)
    .toWellFormed()
    .replace(/[^\x20-\x7e]/gu, encodeURIComponent);
}

export function canonicalSearch(value: string): string {
  return value === "" ? "" : assigned("search", value).slice(1);
}

export function canonicalHash(value: string): string {
  return value === "" ? "" : assigned("hash", value).slice(1);
}

function canonicalHostOn(dummy: string, value: string): string {
  if (value === "") return "";
  const url = new URL(dummy);
  url.hostname = value;
  if (url.hostname === "dummy.invalid" && value.toLowerCase() !== "dummy.invalid") {
    throw new TypeError(`Invalid hostname ${JSON.stringify(value)}`);
  }
  return url.hostname;
}

function assigned(
  component: "username" | "password" | "pathname" | "search" | "hash",
  value: string,
): string {
  const url = new URL("https://dummy.invalid/");
  url[component] = value;
  return url[component];
}

/** The parser of URLs skips these wherever they stand. */
function withoutBreaks(value: string): string {
  return value.replace(/[\t\n\r]/g, "");
}
