import t from "tap";
import { clientBehind, createTrustedProxies, plainAddress } from "../../core/net/client-address.ts";

t.test("an address or block is trusted, its neighbours are not", async (t) => {
  const trusted = createTrustedProxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "2001:db8::1"]);
  for (const address of [
    "10.0.0.0",
    "10.255.255.255",
    "192.0.2.7",
    "fd12::1",
    "2001:db8::1",
    "2001:DB8:0::1",
  ]) {
    t.ok(trusted.isTrusted(address), address);
  }
  for (const address of ["11.0.0.0", "9.255.255.255", "192.0.2.8", "fc00::1", "2001:db8::2"]) {
    t.notOk(trusted.isTrusted(address), address);
  }
});

t.test("an IPv4 peer of a dual-stack listener is matched as IPv4", async (t) => {
  const trusted = createTrustedProxies(["10.0.0.0/8"]);
  t.ok(trusted.isTrusted("::ffff:10.1.2.3"));
  t.ok(trusted.isTrusted("::FFFF:10.1.2.3"));
  t.notOk(trusted.isTrusted("::ffff:11.1.2.3"));
});

t.test("a mapped block is the IPv4 block it means", async (t) => {
  const trusted = createTrustedProxies(["::ffff:10.0.0.0/104"]);
  t.ok(trusted.isTrusted("10.200.0.1"));
  t.notOk(trusted.isTrusted("11.0.0.1"));
});

t.test("a link-local peer is matched without its interface", async (t) => {
  t.ok(createTrustedProxies(["fe80::/10"]).isTrusted("fe80::1%eth0"));
});

t.test("every address of a family can be trusted", async (t) => {
  const trusted = createTrustedProxies(["0.0.0.0/0"]);
  t.ok(trusted.isTrusted("203.0.113.9"));
  t.notOk(trusted.isTrusted("2001:db8::1"));
});

t.test("without blocks, or without an address, nobody is trusted", async (t) => {
  t.notOk(createTrustedProxies([]).isTrusted("127.0.0.1"));
  t.notOk(createTrustedProxies(["0.0.0.0/0"]).isTrusted(undefined));
  t.notOk(createTrustedProxies(["0.0.0.0/0"]).isTrusted("not an address"));
});

t.test("what is neither an address nor a block is refused", async (t) => {
  const junk = [
    "",
    "example.com",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0/8",
    "::1/129",
    "10.0.0.0/8/8",
  ];
  for (const block of [...junk, "::ffff:10.0.0.0/95", "10.0.0.0/1e1"]) {
    t.throws(() => createTrustedProxies([block]), { name: "RangeError" }, JSON.stringify(block));
  }
});

t.test("plainAddress leaves other addresses as they are", async (t) => {
  for (const address of ["192.0.2.1", "::1", "2001:db8::ffff:1", "::ffff:1"])
    t.equal(plainAddress(address), address);
});

t.test(
  "clientBehind tells the first address from the peer backwards that is no trusted proxy's",
  async (t) => {
    const trusted = createTrustedProxies(["10.0.0.0/8", "2001:db8::/32"]);
    const cases: readonly [peer: string, hops: string | null, client: string, why: string][] = [
      ["192.0.2.1", "203.0.113.7", "192.0.2.1", "a stranger's word counts for nothing"],
      ["10.0.0.1", null, "10.0.0.1", "a trusted peer that tells nothing is the client"],
      ["10.0.0.1", "203.0.113.7", "203.0.113.7", "the client of a trusted peer"],
      [
        "10.0.0.1",
        "192.0.2.9, 203.0.113.7, 10.0.0.2",
        "203.0.113.7",
        "what a client wrote itself is not read",
      ],
      ["10.0.0.1", "203.0.113.7:4711", "203.0.113.7", "a port"],
      ["10.0.0.1", "203.0.113.7, [2001:db8::5]:4711", "203.0.113.7", "a trusted address in brackets"],
      ["10.0.0.1", "unknown, 10.0.0.2", "10.0.0.2", "the list ends at what is no address"],
      ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", "proxies all the way"],
      ["10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7", "a mapped address"],
      ["10.0.0.1", "203.0.113.7 x", "10.0.0.1", "a blank inside"],
      ["10.0.0.1", "", "10.0.0.1", "an empty list"],
    ];
    for (const [peer, hops, client, why] of cases) t.equal(clientBehind(peer, hops, trusted), client, why);
  },
);
