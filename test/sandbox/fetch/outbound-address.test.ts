import t from "tap";
import { addressScope, isWithinReach } from "../../../core/sandbox/host/outbound/address.ts";

const scopes = {
  public: [
    "1.1.1.1",
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.0.1",
    "100.128.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00::1",
    "64:ff9b::8.8.8.8",
    "64:ff9b::808:808",
  ],
  private: [
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "198.18.0.1",
    "fc00::1",
    "fd12:3456::1",
  ],
  loopback: ["127.0.0.1", "127.255.0.1", "::1"],
  never: [
    // Metadata services of AWS, Google and Azure, of Azure's host, Alibaba, Oracle, and over IPv6.
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    // Unspecified (which means this machine on Linux), link-local, multicast, broadcast, reserved, documentation.
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "169.254.0.1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "224.0.0.1",
    "239.1.1.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "2001:db8::1",
    "3fff::1",
    // An IPv4 address inside: mapped, compatible, translated, 6to4, Teredo, NAT64.
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "64:ff9b::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.1.2.3",
    "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    // No address, or one of an interface.
    "",
    "localhost",
    "127.1",
    "0x7f000001",
    "fe80::1%eth0",
    "::1%lo",
    "2606:4700::1111%eth0",
  ],
} as const;

for (const [scope, addresses] of Object.entries(scopes)) {
  t.test(`addresses that are ${scope}`, async (t) => {
    for (const address of addresses) t.equal(addressScope(address), scope, address || "(empty)");
  });
}

t.test("a name reaches the addresses of its grant and no others", async (t) => {
  const reached = (reach: "public" | "loopback" | "private") =>
    ["8.8.8.8", "10.0.0.1", "127.0.0.1", "169.254.169.254"].filter((address) =>
      isWithinReach(reach, address),
    );
  t.same(reached("public"), ["8.8.8.8"]);
  t.same(reached("loopback"), ["127.0.0.1"]);
  t.same(reached("private"), ["8.8.8.8", "10.0.0.1", "127.0.0.1"]);
});
