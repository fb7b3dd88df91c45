/** Where a plugin may lead the proxy. */
import fc from "fast-check";
import t from "tap";
import { endpointGrants } from "../../core/discovery/granted-endpoint.ts";
import { canonicalHost } from "../../core/discovery/normalise.ts";
import { addressScope } from "../../core/sandbox/host/outbound/address.ts";

const everything = ["0.0.0.0/0", "::/0"];

t.test("a network stands for the addresses in it, at every port or at one", async (t) => {
  const isGranted = endpointGrants(["10.1.0.0/16", "10.2.0.0/16:80", "fd00:1::/32"]);
  for (const [host, port, expected] of [
    ["10.1.2.3", 1, true],
    ["10.2.2.3", 80, true],
    ["10.2.2.3", 81, false],
    ["10.3.2.3", 80, false],
    ["fd00:1::5", 80, true],
    ["fd00:2::5", 80, false],
  ] as const) {
    t.equal(isGranted(host, port), expected, `${host} ${port}`);
  }
});

t.test("names are compared by whole labels, and are no addresses", async (t) => {
  const isGranted = endpointGrants(["api.internal", "*.svc.internal:80"]);
  for (const [host, port, expected] of [
    ["api.internal", 1, true],
    ["b.api.internal", 1, false],
    ["a.svc.internal", 80, true],
    ["a.b.svc.internal", 80, true],
    ["svc.internal", 80, false],
    ["evilsvc.internal", 80, false],
    ["a.svc.internal.evil.example", 80, false],
    ["10.0.0.1", 80, false],
  ] as const) {
    t.equal(isGranted(host, port), expected, `${host} ${port}`);
  }
});

t.test("nothing is granted by itself", async (t) => {
  for (const host of ["10.0.0.1", "8.8.8.8", "a.internal", "::1"])
    t.notOk(endpointGrants([])(host, 80), host);
});

t.test("metadata services are no part of a network", async (t) => {
  const isGranted = endpointGrants([...everything, "169.254.0.0/16", "fd00::/8", "100.64.0.0/10"]);
  const services = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254", "168.63.129.16"];
  for (const host of services) t.notOk(isGranted(host, 80), host);
  t.ok(endpointGrants(["169.254.169.254"])("169.254.169.254", 80), "but may be granted by themselves");
});

t.test("this machine is no part of a larger network", async (t) => {
  for (const host of ["127.0.0.1", "::1"]) t.notOk(endpointGrants(everything)(host, 9901), host);
  for (const grant of ["127.0.0.0/8", "127.0.0.1", "127.0.0.0/24:9901"]) {
    t.ok(endpointGrants([grant])("127.0.0.1", 9901), grant);
  }
  t.notOk(endpointGrants(["126.0.0.0/7"])("127.0.0.1", 9901));
  t.ok(endpointGrants(["::1"])("::1", 80));
});

t.test("IPv4 addresses in the clothes of IPv6 are not covered by either", async (t) => {
  for (const text of ["::ffff:169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]) {
    t.notOk(endpointGrants(["0.0.0.0/0", "::/0", "127.0.0.0/8"])(canonicalHost(text)!, 80), text);
  }
});

t.test("whatever the address, everything that is granted as a network is public or private", async () => {
  const isGranted = endpointGrants(everything);
  const anyAddress = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => canonicalHost(text));
  fc.assert(
    fc.property(anyAddress, (host) => {
      if (host === null) return true;
      return isGranted(host, 80) === ["public", "private"].includes(addressScope(host));
    }),
    { numRuns: 2000 },
  );
});
