import { BlockList, isIP } from "node:net";

/** The peers whose word about their own client is taken. */
export interface TrustedProxies {
  /** @param address `socket.remoteAddress`; a Unix socket has none and is not trusted. */
  isTrusted(address: string | undefined): boolean;
}

/**
 * Compiles addresses and CIDR blocks for matching.
 *
 * @throws RangeError when an entry is neither.
 * @example
 * const trusted = createTrustedProxies(["10.0.0.0/8", "::1"]);
 * trusted.isTrusted("::ffff:10.1.2.3"); // true
 */
export function createTrustedProxies(blocks: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const block of blocks) addBlock(list, block);
  return {
    isTrusted(address) {
      if (address === undefined || blocks.length === 0) return false;
      const plain = plainAddress(address);
      const family = isIP(plain);
      return family !== 0 && list.check(plain, family === 4 ? "ipv4" : "ipv6");
    },
  };
}

const mappedPrefix = "::ffff:";

/**
 * An IPv4 peer of a dual-stack listener appears as `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2), a
 * link-local one with its interface, `fe80::1%eth0`: both are reduced to the address itself.
 *
 * @example
 * plainAddress("::ffff:192.0.2.1"); // "192.0.2.1"
 */
export function plainAddress(address: string): string {
  if (!address.includes(":")) return address;
  const zone = address.indexOf("%");
  const bare = zone === -1 ? address : address.slice(0, zone);
  const mapped = bare.slice(mappedPrefix.length);
  return bare.slice(0, mappedPrefix.length).toLowerCase() === mappedPrefix && isIP(mapped) === 4
    ? mapped
    : bare;
}

/**
 * The client before trusted proxies: from the peer backwards, the first address that none of them has. What
 * stands before it in the list anybody may have written (RFC 7239 section 8.1); the list ends as well at an
 * entry that is no address.
 *
 * @param hops value of X-Forwarded-For; null: there is none
 *
 * @example
 * const trusted = createTrustedProxies(["10.0.0.0/8"]);
 * clientBehind("10.0.0.1", "192.0.2.9, 203.0.113.7, 10.0.0.2", trusted); // "203.0.113.7"
 */
export function clientBehind(peer: string, hops: string | null, trusted: TrustedProxies): string {
  let client = peer;
  if (hops === null) return client;
  for (const hop of hops.split(",").reverse()) {
    if (!trusted.isTrusted(client)) return client;
    const address = plainAddress(withoutPort(hop.trim()));
    if (isIP(address) === 0) return client;
    client = address;
  }
  return client;
}

/** `192.0.2.1:4711`, `[2001:db8::1]` and `[2001:db8::1]:4711` are written, too. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::[0-9]{1,5})?$/.exec(hop);
  return bracketed?.[1] ?? hop.replace(/^([0-9.]+):[0-9]{1,5}$/, "$1");
}

function addBlock(list: BlockList, block: string): void {
  const [written = "", length, ...rest] = block.split("/");
  const address = plainAddress(written);
  const family = isIP(address);
  if (family === 0 || rest.length > 0) throw unusable(block);
  const type = family === 4 ? "ipv4" : "ipv6";
  if (length === undefined) list.addAddress(address, type);
  else list.addSubnet(address, prefixLength(block, length, written, address), type);
}

/** Of a mapped block the first 96 bits are fixed; what is left counts in IPv4. */
function prefixLength(block: string, length: string, written: string, address: string): number {
  const isMapped = isIP(written) === 6 && isIP(address) === 4;
  const bits = Number(length) - (isMapped ? 96 : 0);
  const most = isIP(address) === 4 ? 32 : 128;
  if (!/^[0-9]{1,3}$/.test(length) || bits < 0 || bits > most) throw unusable(block);
  return bits;
}

function unusable(block: string): RangeError {
  return new RangeError(`Cannot trust ${JSON.stringify(block)}: expected an IP address or a CIDR block`);
}
