/**
 * An IP address as a text that sorts like its number: one UTF-16 unit for each 16 bits, so two of them for IPv4 and eight for
 * IPv6. Comparing texts is what engines do fastest with 128 bits.
 */
export type AddressKey = string;

/** First and last address of a network. */
export interface AddressRange {
  readonly first: AddressKey;
  readonly last: AddressKey;
}

/** One decimal number without leading zeros, which some readers take for octal. */
const octet = /^(?:0|[1-9]\d{0,2})$/;
const group = /^[\da-fA-F]{1,4}$/;

/**
 * Reads an address in its usual forms alone: four decimal numbers (no octal, hexadecimal or short ones), or IPv6 (RFC 4291 section
 * 2.2). An IPv4-mapped IPv6 address is the IPv4 address.
 *
 * @returns null when it is none; a zone (`fe80::1%eth0`) makes it none
 *
 * @example
 * readAddress("::ffff:10.0.0.1") === readAddress("10.0.0.1"); // true
 */
export function readAddress(text: string): AddressKey | null {
  const groups = text.includes(":") ? readGroups(text) : readQuad(text);
  if (groups === null) return null;
  return String.fromCharCode(...(isMapped(groups) ? groups.slice(6) : groups));
}

/**
 * The address of a client: a socket may name the zone of a link-local one, which says nothing of who it is.
 */
export function clientKey(address: string): AddressKey | null {
  const zone = address.indexOf("%");
  return readAddress(zone < 0 ? address : address.slice(0, zone));
}

/**
 * Reads an address or a network: `10.0.0.0/8`, `2001:db8::/32`.
 *
 * @throws Error when it is none, or has bits behind its length: `10.0.0.1/8` is as likely a mistake as a network
 */
export function readRange(text: string): AddressRange {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const groups = address.includes(":") ? readGroups(address) : readQuad(address);
  if (groups === null) throw new Error(`${JSON.stringify(text)} is not an IP address or network`);
  const width = groups.length * 16;
  const length = slash < 0 ? width : readLength(text.slice(slash + 1), width);
  if (length === null) throw new Error(`${JSON.stringify(text)} has no length of 0 to ${width}`);
  const last = groups.map((value, index) => value | hostBits(length - index * 16));
  if (groups.some((value, index) => (value & hostBits(length - index * 16)) !== 0)) {
    throw new Error(`${JSON.stringify(text)} has bits behind its length`);
  }
  const skip = isMapped(groups) && length >= 96 ? 6 : 0;
  return {
    first: String.fromCharCode(...groups.slice(skip)),
    last: String.fromCharCode(...last.slice(skip)),
  };
}

/** The bits of a group that a network of so many bits, counted from its beginning, leaves open. */
function hostBits(length: number): number {
  return length <= 0 ? 0xffff : length >= 16 ? 0 : 0xffff >> length;
}

function readLength(text: string, width: number): number | null {
  return octet.test(text) && Number(text) <= width ? Number(text) : null;
}

function readQuad(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const groups = [0, 0];
  for (let index = 0; index < 4; index++) {
    const part = parts[index]!;
    if (!octet.test(part) || Number(part) > 255) return null;
    groups[index >> 1]! |= Number(part) << (index % 2 === 0 ? 8 : 0);
  }
  return groups;
}

function readGroups(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const front = readHalf(halves[0]!, halves.length === 1);
  const back = halves.length === 2 ? readHalf(halves[1]!, true) : [];
  if (front === null || back === null) return null;
  const absent = 8 - front.length - back.length;
  // "::" stands for one group at least (RFC 5952 section 4.2.2 forbids one, readers accept it).
  if (halves.length === 2 ? absent < 1 : absent !== 0) return null;
  return [...front, ...new Array<number>(absent).fill(0), ...back];
}

/** Groups between colons, of which the last may be an IPv4 address. */
function readHalf(text: string, mayEndInQuad: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (group.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      const quad = mayEndInQuad && index === parts.length - 1 ? readQuad(part) : null;
      if (quad === null) return null;
      groups.push(...quad);
    }
  }
  return groups;
}

/** `::ffff:0:0/96` (RFC 4291 section 2.5.5.2). */
function isMapped(groups: readonly number[]): boolean {
  return (
    groups.length === 8 && groups[5] === 0xffff && groups.every((value, index) => index > 4 || value === 0)
  );
}
