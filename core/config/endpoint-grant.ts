import { isIP } from "node:net";
import { isHostName, parsePort } from "./address.ts";

/** What a message says when a text is none. */
export const endpointGrantExpected =
  'where endpoints may be, such as "10.0.0.7", "10.0.0.0/8", "*.svc.internal" or "api.internal:8080"';

/** Where endpoints may be that a plugin finds. */
export type EndpointGrant = {
  /** Null: every port. */
  readonly port: number | null;
} & (
  | { readonly kind: "network"; readonly address: string; readonly prefix: number; readonly family: 4 | 6 }
  /** With `below` the names that end in `.name`, at any depth, and not that name itself. */
  | { readonly kind: "name"; readonly name: string; readonly below: boolean }
);

/**
 * Reads a grant: an address, a network, a name or `*.` and a name, with a port or without. An address is a network of one.
 * IPv6 stands in brackets where a port follows. Null when the text is none of these.
 *
 * @example
 * parseEndpointGrant("10.0.0.0/8"); // { kind: "network", address: "10.0.0.0", prefix: 8, family: 4, port: null }
 * parseEndpointGrant("*.svc.internal:80"); // { kind: "name", name: "svc.internal", below: true, port: 80 }
 */
export function parseEndpointGrant(text: string): EndpointGrant | null {
  const parts = /^\[([^[\]]+)\](?::([0-9]+))?$/.exec(text) ?? /^([^:[\]]+)(?::([0-9]+))?$/.exec(text);
  // IPv6 without brackets has colons of its own.
  const [, place, written] = parts ?? [text, text];
  const port = written === undefined ? null : parsePort(written);
  if (place === undefined || port === 0 || (written !== undefined && port === null)) return null;
  return parseNetwork(place, port) ?? parseName(place, port);
}

function parseNetwork(place: string, port: number | null): EndpointGrant | null {
  const [, address = "", written] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(place) ?? [];
  const family = address.includes("%") ? 0 : isIP(address);
  if (family !== 4 && family !== 6) return null;
  const longest = family === 4 ? 32 : 128;
  const prefix = written === undefined ? longest : Number(written);
  return prefix > longest ? null : { kind: "network", address, prefix, family, port };
}

function parseName(place: string, port: number | null): EndpointGrant | null {
  const below = place.startsWith("*.");
  const name = (below ? place.slice(2) : place).toLowerCase();
  return isHostName(name) ? { kind: "name", name, below, port } : null;
}
