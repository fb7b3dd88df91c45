import { isIPv4, isIPv6 } from "node:net";
import type { Address } from "./model.ts";

/** What a message says when a text is no address. */
export const addressExpected =
  'an address such as "127.0.0.1:8080", ":8080", "[::1]:8080" or "unix:/run/sluice.sock"';

/** `sun_path` of unix(7), less its terminating NUL; the kernel silently cuts what is longer. */
const socketPathBytes = 107;

/**
 * An address to listen on. `":8080"` is every IPv4 address of the machine, `"[::]:8080"` every address
 * of both families. Null when the text is none of these.
 *
 * @example
 * parseAddress("[::1]:8080"); // { host: "::1", port: 8080 }
 */
export function parseAddress(text: string): Address | null {
  if (text.startsWith("unix:")) return socketPath(text.slice("unix:".length));
  const colon = text.lastIndexOf(":");
  if (colon === -1) return null;
  const host = colon === 0 ? "0.0.0.0" : parseHost(text.slice(0, colon));
  const port = parsePort(text.slice(colon + 1));
  return host === null || port === null ? null : { host, port };
}

/** The text that {@link parseAddress} reads back to the same address. */
export function formatAddress(address: Address): string {
  if ("path" in address) return `unix:${address.path}`;
  return `${formatHost(address.host)}:${address.port}`;
}

/** A host as it stands in an authority: IPv6 in brackets. */
export function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** A host name, IPv4 or bracketed IPv6 address, lower case and without brackets; null when it is none. */
export function parseHost(text: string): string | null {
  if (text.startsWith("[")) {
    const inner = text.slice(1, -1);
    return text.endsWith("]") && isIPv6(inner) ? inner.toLowerCase() : null;
  }
  return isIPv4(text) || isHostName(text) ? text.toLowerCase() : null;
}

/** Decimal digits up to 65535; null otherwise. */
export function parsePort(text: string): number | null {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}

export function socketPath(path: string): Address | null {
  const usable = path !== "" && !path.includes("\0") && Buffer.byteLength(path) <= socketPathBytes;
  return usable ? { path } : null;
}

/**
 * Labels of letters, digits, `-` and `_`. A last label of digits only is a mistyped IPv4 address,
 * never a name (RFC 3696 section 2).
 */
export function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split(".");
  const wellFormed = labels.every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  return wellFormed && !/^[0-9]+$/.test(labels[labels.length - 1]!);
}
