import { BlockList, isIP } from "node:net";
import type { Address } from "../../config/model.ts";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const wildcards = new Set(["0.0.0.0", "::"]);

/**
 * Whether a request with this Host may see the admin pages. A web page that rebinds its own name
 * to this machine (DNS rebinding, CWE-350) still sends that name, so names are refused unless they
 * mean loopback or are the one that the operator bound. An address in Host needs no name to be
 * resolved and cannot be rebound; on a wildcard address any of the machine's is right.
 *
 * @param host value of the Host field, or undefined when there is none
 * @param bound address of the admin listener
 */
export function isAdminHost(host: string | undefined, bound: Address): boolean {
  if ("path" in bound) return true;
  const name = hostWithoutPort(host ?? "");
  return (
    name === "localhost" ||
    name === bound.host.toLowerCase() ||
    isLoopback(name) ||
    (wildcards.has(bound.host) && isIP(name) !== 0)
  );
}

/**
 * Whether a client is on this machine: on loopback, or at the very address that it reached.
 *
 * @param client address of its socket; undefined: it came by a Unix socket, whose file says who may
 * @param reached address of the listener's end
 * @example
 * isThisMachine("::ffff:127.0.0.1", "::ffff:127.0.0.1"); // true
 */
export function isThisMachine(client: string | undefined, reached: string | undefined): boolean {
  return (
    client === undefined || client === reached || isLoopback(client.replace(/^::ffff:(?=[0-9.]+$)/i, ""))
  );
}

function hostWithoutPort(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::[0-9]*)?$/.exec(host);
  return (bracketed?.[1] ?? host.replace(/:[0-9]*$/, "")).toLowerCase();
}

function isLoopback(name: string): boolean {
  const family = isIP(name);
  return family !== 0 && loopback.check(name, family === 4 ? "ipv4" : "ipv6");
}
