import t from "tap";
import { formatAddress, parseAddress } from "../../core/config/address.ts";

t.test("parseAddress reads host and port, port alone, IPv6 in brackets and sockets", async (t) => {
  t.same(parseAddress("127.0.0.1:8080"), { host: "127.0.0.1", port: 8080 });
  t.same(parseAddress(":8080"), { host: "0.0.0.0", port: 8080 });
  t.same(parseAddress("[::1]:8080"), { host: "::1", port: 8080 });
  t.same(parseAddress("LocalHost:0"), { host: "localhost", port: 0 });
  t.same(parseAddress("unix:/run/x.sock"), { path: "/run/x.sock" });
});

t.test("parseAddress refuses what the system would misread", async (t) => {
  const refused = [
    "",
    "8080",
    ":",
    "host:",
    "host:65536",
    "host:-1",
    "host: 80",
    "host:8080/",
    "::1:8080",
    "[::1]",
    "[::1:8080",
    "[nope]:80",
    "256.1.1.1:80",
    "1.2.3:80",
    "a..b:80",
    "-a:80",
    "a b:80",
    "http://host:80",
    "host\0.evil:80",
    "unix:",
    "unix:/a\0b",
    `unix:/${"x".repeat(107)}`,
  ];
  for (const text of refused) t.equal(parseAddress(text), null, JSON.stringify(text));
});

t.test("formatAddress writes what parseAddress reads", async (t) => {
  for (const text of ["127.0.0.1:8080", "[::1]:0", "localhost:80", "unix:/run/x.sock"]) {
    t.equal(formatAddress(parseAddress(text)!), text);
  }
});
