import { BlockList, isIP } from "node:net";
import { type EndpointGrant, parseEndpointGrant } from "../config/endpoint-grant.ts";
import { type AddressScope, addressScope } from "../sandbox/host/outbound/address.ts";

/** Whether an endpoint may be at a host, in its canonical spelling, and a port. */
export type IsGranted = (host: string, port: number) => boolean;

/**
 * What a plugin that finds endpoints may lead the proxy to: requests of clients go there, with what is secret in them,
 * and a policy sees what comes back, so it is no matter of the plugin alone.
 *
 * A network stands for the public and private addresses in it. This machine's own are covered by networks that hold
 * nothing else, and what no name may have, such as the metadata services of clouds, only when it is granted by itself.
 *
 * @example
 * const isGranted = endpointGrants(["0.0.0.0/0", "*.svc.internal:80"]);
 * isGranted("10.0.0.7", 8080); // true
 * isGranted("127.0.0.1", 8080); // false
 * isGranted("169.254.169.254", 80); // false
 */
export function endpointGrants(written: readonly string[]): IsGranted {
  const grants = written.map(parseEndpointGrant).filter((grant) => grant !== null);
  const checks = grants.map(checkOf);
  return (host, port) => {
    const family = isIP(host);
    const scope = family === 0 ? null : addressScope(host);
    return checks.some((check) => check(host, port, family, scope));
  };
}

type Check = (host: string, port: number, family: number, scope: AddressScope | null) => boolean;

function checkOf(grant: EndpointGrant): Check {
  const isPort = (port: number) => grant.port === null || grant.port === port;
  if (grant.kind === "name") {
    const { name, below } = grant;
    // Whole labels are compared, never a substring [CVE-2026-55602].
    return (host, port, family) =>
      family === 0 && isPort(port) && (below ? host.endsWith(`.${name}`) : host === name);
  }
  const { address, prefix, family: own } = grant;
  const list = new BlockList();
  const type = own === 4 ? "ipv4" : "ipv6";
  list.addSubnet(address, prefix, type);
  const isOne = prefix === (own === 4 ? 32 : 128);
  const isLoopback = prefix >= 8 && addressScope(address) === "loopback";
  return (host, port, family, scope) => {
    if (family !== own || !isPort(port) || !list.check(host, type)) return false;
    if (scope === "never") return isOne;
    return scope !== "loopback" || isOne || isLoopback;
  };
}
