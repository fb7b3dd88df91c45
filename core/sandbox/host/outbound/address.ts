/**
 * Which addresses outbound calls may reach. What a name resolves to is checked, and the very
 * address that was checked is connected to: names that change their answer (DNS rebinding) gain nothing.
 */
import { BlockList, isIP } from "node:net";

/**
 * Who can be at an address: anyone on the internet, a machine of the same network, this machine.
 * `never`: no name may lead there. Metadata services of clouds are among these, whose answers hold keys.
 */
export type AddressScope = "public" | "private" | "loopback" | "never";

/** Which addresses a granted host may have; `itself`: the host is an address and was granted as such. */
export type AddressReach = "itself" | "loopback" | "private" | "public";

/** IANA IPv4 special-purpose registry, and the wire server of Azure and metadata service of Alibaba outside of 169.254. */
const never4 = [
  "0.0.0.0/8",
  "169.254.0.0/16",
  "168.63.129.16/32",
  "100.100.100.200/32",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** RFC 1918, shared address space (RFC 6598) and benchmarking (RFC 2544). */
const private4 = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"];
const loopback4 = ["127.0.0.0/8"];

/** The only part of IPv6 from which public addresses are assigned. */
const global6 = ["2000::/3"];
/** Protocol assignments with Teredo, documentation and 6to4, which carry an IPv4 address inside. */
const special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];
/** Unique local addresses without the metadata services of AWS and Google. */
const private6 = ["fc00::/7"];
const metadata6 = ["fd00:ec2::254/128", "fd20:ce::254/128"];
const loopback6 = ["::1/128"];
/** Addresses that a DNS64 makes of IPv4 ones (RFC 6052). */
const nat64 = "64:ff9b::";

const lists = {
  never4: listOf(never4, "ipv4"),
  private4: listOf(private4, "ipv4"),
  loopback4: listOf(loopback4, "ipv4"),
  global6: listOf(global6, "ipv6"),
  never6: listOf([...special6, ...metadata6], "ipv6"),
  private6: listOf(private6, "ipv6"),
  loopback6: listOf(loopback6, "ipv6"),
  nat64: listOf([`${nat64}/96`], "ipv6"),
  nat64Inside: listOf([...never4, ...private4, ...loopback4].map(behindNat64), "ipv6"),
};

/**
 * Scope of an address. What is no address, or one in a form that names an interface, is `never`.
 *
 * @example
 * addressScope("10.1.2.3"); // "private"
 * addressScope("169.254.169.254"); // "never"
 * addressScope("::ffff:8.8.8.8"); // "never": no name resolves to it for an honest reason
 */
export function addressScope(address: string): AddressScope {
  if (address.includes("%")) return "never";
  const family = isIP(address);
  if (family === 4) return scope4(address);
  return family === 6 ? scope6(address) : "never";
}

/** Whether a host that was granted with `reach` may be at `address`. */
export function isWithinReach(reach: AddressReach, address: string): boolean {
  if (reach === "itself") return true;
  const scope = addressScope(address);
  if (reach === "private") return scope !== "never";
  return scope === reach;
}

function scope4(address: string): AddressScope {
  if (lists.never4.check(address, "ipv4")) return "never";
  if (lists.private4.check(address, "ipv4")) return "private";
  return lists.loopback4.check(address, "ipv4") ? "loopback" : "public";
}

function scope6(address: string): AddressScope {
  if (lists.never6.check(address, "ipv6")) return "never";
  if (lists.private6.check(address, "ipv6")) return "private";
  if (lists.loopback6.check(address, "ipv6")) return "loopback";
  if (lists.nat64.check(address, "ipv6"))
    return lists.nat64Inside.check(address, "ipv6") ? "never" : "public";
  return lists.global6.check(address, "ipv6") ? "public" : "never";
}

function behindNat64(network: string): string {
  const [address, prefix] = network.split("/");
  return `${nat64}${address}/${96 + Number(prefix)}`;
}

function listOf(networks: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, prefix] = network.split("/");
    list.addSubnet(address!, Number(prefix), family);
  }
  return list;
}
