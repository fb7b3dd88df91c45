import { HostCallError } from "../error.ts";
import type { AddressReach } from "./address.ts";
import { type HostKind, hostKind, isLocalhost } from "./host.ts";
import { portNumber, type Target } from "./target.ts";

/**
 * Origins that a plugin may fetch from: `https://api.example.com`, `http://127.0.0.1:8181`,
 * `https://*.example.com` (names below it, at any depth, not itself), `http://localhost:*` (every port).
 * With `private`, names may resolve to private and loopback addresses.
 */
export type GrantConfig = string | { readonly origin: string; readonly private?: boolean };

/** A grant, parsed. */
export interface Grant {
  readonly protocol: string;
  /** Canonical host; with `below` its names end in `.host`. */
  readonly host: string;
  readonly below: boolean;
  /** Null: every port. */
  readonly port: number | null;
  /** Which addresses the host may have. */
  readonly reach: AddressReach;
}

/** The parts of an origin that a grant is about. */
export type Origin = Pick<Target, "protocol" | "host" | "port">;

const grantForm = /^(https?):\/\/(\*\.)?([^/:?#@\\*\s[\]]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}|\*))?\/?$/i;

/**
 * Parses what the operator granted.
 *
 * @throws Error for a text that is no origin
 * @example
 * parseGrant("https://*.example.com:8443").host; // "example.com"
 */
export function parseGrant(config: GrantConfig): Grant {
  const { origin, private: isPrivate = false } = typeof config === "string" ? { origin: config } : config;
  const [, scheme, wildcard, name, port] = grantForm.exec(origin) ?? [];
  const url = scheme && name ? URL.parse(`${scheme}://${name}${numericPort(port)}`) : null;
  const kind = url && hostKind(url.hostname);
  if (!url || !kind)
    throw new Error(`grant ${JSON.stringify(origin)} is not an origin such as https://api.example.com`);
  const below = wildcard !== undefined;
  if (below && kind === "address")
    throw new Error(`grant ${JSON.stringify(origin)} has a wildcard before an address`);
  return {
    protocol: url.protocol,
    host: url.hostname,
    below,
    port: port === "*" ? null : portNumber(url.protocol, url.port),
    reach: reachOf(url.hostname, kind, isPrivate),
  };
}

/**
 * The addresses that an origin may have, by the widest of the grants that name it; null when none does.
 *
 * @example
 * grantedReach([parseGrant("https://api.example.com")], parseTarget("https://api.example.com/")); // "public"
 */
export function grantedReach(grants: readonly Grant[], origin: Origin): AddressReach | null {
  const reaches = grants.filter((grant) => covers(grant, origin)).map(({ reach }) => reach);
  return reaches.includes("private") ? "private" : (reaches[0] ?? null);
}

/**
 * Refuses an origin that no grant names.
 *
 * @throws HostCallError NotAllowedError, with the line that would grant it
 */
export function demandGrant(grants: readonly Grant[], target: Target): void {
  if (grantedReach(grants, target) !== null) return;
  throw new HostCallError(
    "NotAllowedError",
    `${target.origin} is not granted: add "${target.origin}" to the plugin's capabilities.fetch and have it granted`,
  );
}

/** Whole labels are compared, never a substring [CVE-2026-55602]. */
function covers(grant: Grant, { protocol, host, port }: Origin): boolean {
  if (grant.protocol !== protocol) return false;
  if (grant.port !== null && grant.port !== port) return false;
  return grant.below ? host.endsWith(`.${grant.host}`) : host === grant.host;
}

function reachOf(host: string, kind: HostKind, isPrivate: boolean): AddressReach {
  if (kind === "address") return "itself";
  if (isPrivate) return "private";
  return isLocalhost(host) ? "loopback" : "public";
}

function numericPort(port: string | undefined): string {
  return port === undefined || port === "*" ? "" : `:${port}`;
}
