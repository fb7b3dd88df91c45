import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { type AddressReach, isWithinReach } from "./address.ts";
import { OutboundRefusal } from "./refusal.ts";

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

/** The system's resolver, so that /etc/hosts and the search domains of a cluster count. */
export const resolveBySystem: Resolve = (host) => lookup(host, { all: true, order: "verbatim" });

/**
 * The `lookup` option of a socket: an answer that holds a single address out of reach fails the
 * connection, since an honest name does not mix them. The socket connects to what was checked.
 */
export function checkedLookup(reach: AddressReach, resolve: Resolve): LookupFunction {
  return (host, { all }, callback) => {
    reachableAddresses(host, reach, resolve).then(
      (addresses) => {
        if (all) callback(null, [...addresses]);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, "", 0),
    );
  };
}

async function reachableAddresses(
  host: string,
  reach: AddressReach,
  resolve: Resolve,
): Promise<readonly ResolvedAddress[]> {
  const addresses = await resolve(host);
  if (addresses.length === 0) throw new OutboundRefusal(`${host} has no address`);
  if (!addresses.every(({ address }) => isWithinReach(reach, address)))
    throw new OutboundRefusal(outOfReach(host, reach));
  return addresses;
}

function outOfReach(host: string, reach: AddressReach): string {
  if (reach === "loopback") return `${host} has an address that is not this machine's`;
  if (reach === "private")
    return `${host} has an address that no name may have (link-local, multicast or reserved)`;
  return `${host} has an address that is not public: grant it with private: true if it is yours`;
}
