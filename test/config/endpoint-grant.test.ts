import t from "tap";
import { parseEndpointGrant } from "../../core/config/endpoint-grant.ts";

const network = (address: string, prefix: number, port: number | null = null) => ({
  kind: "network",
  address,
  prefix,
  family: address.includes(":") ? 6 : 4,
  port,
});
const name = (text: string, below: boolean, port: number | null = null) => ({
  kind: "name",
  name: text,
  below,
  port,
});

t.test("parseEndpointGrant reads addresses, networks and names, with and without a port", async (t) => {
  t.same(
    [
      "10.0.0.7",
      "10.0.0.7:80",
      "10.0.0.0/8",
      "10.0.0.0/8:8080",
      "fd00::/8",
      "[fd00::1]",
      "[fd00::/8]:8080",
      "0.0.0.0/0",
      "API.internal",
      "api.internal:80",
      "*.Svc.internal",
      "*.svc.internal:80",
    ].map(parseEndpointGrant),
    [
      network("10.0.0.7", 32),
      network("10.0.0.7", 32, 80),
      network("10.0.0.0", 8),
      network("10.0.0.0", 8, 8080),
      network("fd00::", 8),
      network("fd00::1", 128),
      network("fd00::", 8, 8080),
      network("0.0.0.0", 0),
      name("api.internal", false),
      name("api.internal", false, 80),
      name("svc.internal", true),
      name("svc.internal", true, 80),
    ],
  );
});

t.test("parseEndpointGrant takes nothing else", async (t) => {
  const strange = [
    ...["", "*", "*.", "**.a", "a.*", ".a", "a..b", "a b", "a\r\nb", "10.0.0.0/33", "10.0.0/8", "10.0.0.256"],
    ...[
      "fd00::/129",
      "fe80::1%eth0",
      "[fe80::1%eth0]:80",
      "[fd00::1",
      "fd00::1]:80",
      "a:0",
      "a:65536",
      "a:x",
      "a:",
    ],
    ...["http://a", "unix:/a", "10.0.0.0/", "10.0.0.0/8/8", "2130706433", "*.10.0.0.1", "10.0.0.0/-1"],
  ];
  for (const text of strange) t.equal(parseEndpointGrant(text), null, JSON.stringify(text));
});
