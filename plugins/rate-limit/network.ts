/** Addresses as the numbers that they are: eight groups of 16 bits, IPv4 as `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2). */
type Groups = readonly number[];

export interface Network {
  readonly groups: Groups;
  readonly bits: number;
}

/**
 * What stands for an address among keys: IPv4 whole, of IPv6 the network of the first `bits` bits. A customer is given a
 * /64 at least (RFC 6177), so who is limited by the whole address has 2^64 of them. However an address is written, the
 * result is the same.
 *
 * @example
 * networkOf("2001:DB8::7", 64); // "2001:db8:0:0::/64"
 */
export function networkOf(address: string, bits: number): string {
  if (!address.includes(":")) return address;
  const groups = groupsOf(address);
  if (groups === null) return address;
  if (isMapped(groups)) {
    const [high, low] = [groups[6]!, groups[7]!];
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const count = Math.ceil(bits / 16);
  let text = "";
  for (let index = 0; index < count; index++) {
    if (index > 0) text += ":";
    text += (groups[index]! & maskFor(bits, index)).toString(16);
  }
  return count === 8 ? `${text}/${bits}` : `${text}::/${bits}`;
}

/** @throws Error for what is neither an address nor a CIDR block */
export function parseNetwork(text: string): Network {
  const [address = "", length, ...rest] = text.split("/");
  const groups = groupsOf(address);
  const isShort = !address.includes(":");
  const most = isShort ? 32 : 128;
  const bits = length === undefined ? most : Number(length);
  if (groups === null || rest.length > 0 || !/^[0-9]{1,3}$/.test(length ?? "0") || bits > most) {
    throw new Error(
      `Cannot use exempt.addresses: expected IP addresses and CIDR blocks, found ${JSON.stringify(text)}`,
    );
  }
  return { groups, bits: isShort ? bits + 96 : bits };
}

/** Whether an address is in one of the networks. */
export function isWithin(address: string, networks: readonly Network[]): boolean {
  const groups = groupsOf(address);
  if (groups === null) return false;
  return networks.some((network) =>
    groups.every((group, index) => ((group ^ network.groups[index]!) & maskFor(network.bits, index)) === 0),
  );
}

/** Of the bits of a network those that are in a group. */
function maskFor(bits: number, index: number): number {
  const own = Math.min(16, Math.max(0, bits - 16 * index));
  return (0xffff << (16 - own)) & 0xffff;
}

function isMapped(groups: Groups): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

/** Null: it is no address. */
function groupsOf(address: string): number[] | null {
  if (!address.includes(":")) {
    const low = shortGroups(address);
    return low && [0, 0, 0, 0, 0, 0xffff, ...low];
  }
  const [head = "", tail, ...rest] = address.split("::");
  if (rest.length > 0) return null;
  const first = partGroups(head);
  if (tail === undefined) return first?.length === 8 ? first : null;
  const last = partGroups(tail);
  if (first === null || last === null) return null;
  const zeros = 8 - first.length - last.length;
  return zeros > 0 ? [...first, ...Array<number>(zeros).fill(0), ...last] : null;
}

/** Groups between colons; the last may be IPv4. */
function partGroups(text: string): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  for (const part of text.split(":")) {
    if (part.includes(".")) {
      const low = shortGroups(part);
      if (low === null || !text.endsWith(part)) return null;
      groups.push(...low);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}

function shortGroups(text: string): [number, number] | null {
  const [, ...parts] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text) ?? [];
  const [a = 256, b = 256, c = 256, d = 256] = parts.map(Number);
  return Math.max(a, b, c, d) > 255 ? null : [a * 256 + b, c * 256 + d];
}
