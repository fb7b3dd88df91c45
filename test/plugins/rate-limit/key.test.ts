import t from "tap";
import { costIn } from "../../../plugins/rate-limit/cost.ts";
import { isExempt } from "../../../plugins/rate-limit/exempt.ts";
import { isWithin, networkOf, parseNetwork } from "../../../plugins/rate-limit/network.ts";
import { shortened } from "../../../plugins/rate-limit/shortened.ts";

t.test("an IPv6 address is its network, however it is written", async (t) => {
  for (const written of [
    "2001:db8::7",
    "2001:DB8:0:0:ffff::1",
    "2001:0db8:0000:0000:1:2:3:4",
    "2001:db8::1.2.3.4",
  ]) {
    t.equal(networkOf(written, 64), "2001:db8:0:0::/64", written);
  }
  t.not(networkOf("2001:db8:0:1::7", 64), networkOf("2001:db8::7", 64));
  t.equal(networkOf("2001:db8:0:1f::7", 60), "2001:db8:0:10::/60");
  t.equal(networkOf("::1", 128), "0:0:0:0:0:0:0:1/128");
});

t.test("an IPv4 address is whole, also where IPv6 carries it", async (t) => {
  t.equal(networkOf("192.0.2.1", 64), "192.0.2.1");
  for (const written of ["::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:192.0.2.1"]) {
    t.equal(networkOf(written, 64), "192.0.2.1", written);
  }
});

t.test("what is no address stays what it is", async (t) => {
  for (const text of ["", "unix:", "1::2::3", "1:2:3", "1:2:3:4:5:6:7:8:9", "::12345", "::1.2.3", "g::"]) {
    t.equal(networkOf(text, 64), text);
  }
});

t.test("an address is in a network by its bits", async (t) => {
  const networks = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/33"].map(parseNetwork);
  for (const inside of ["10.255.0.1", "192.0.2.7", "2001:db8:7fff::1", "::ffff:10.1.1.1"]) {
    t.ok(isWithin(inside, networks), inside);
  }
  for (const outside of ["11.0.0.1", "192.0.2.8", "2001:db8:8000::1", "::10.1.1.1", "nobody", ""]) {
    t.notOk(isWithin(outside, networks), outside);
  }
  t.ok(isWithin("203.0.113.9", [parseNetwork("0.0.0.0/0")]));
  t.notOk(isWithin("2001:db8::1", [parseNetwork("0.0.0.0/0")]));
});

t.test("a network that is none is refused", async (t) => {
  for (const text of [
    "",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "::/129",
    "localhost",
    "10.0.0.0/-1",
  ]) {
    t.throws(() => parseNetwork(text), /Cannot use exempt\.addresses/, text);
  }
});

t.test("who has been identified is exempt by subject or group, and nobody else", async (t) => {
  const rules = { networks: [], subjects: ["probe"], groups: ["staff"] };
  const client = { address: "192.0.2.1", tls: null };
  const who = (subject: string, groups: string[]) => ({
    subject,
    groups,
    method: "jwt",
    claims: {},
    scopes: [],
  });
  t.ok(isExempt(rules, { client, identity: who("probe", []) }));
  t.ok(isExempt(rules, { client, identity: who("ann", ["a", "staff"]) }));
  t.notOk(isExempt(rules, { client, identity: who("ann", ["a"]) }));
  t.notOk(isExempt(rules, { client, identity: null }));
});

t.test("a long text is a short key, and another one has another", async (t) => {
  t.equal(shortened("a".repeat(96)), "a".repeat(96));
  const keys = new Set<string>();
  for (let index = 0; index < 10_000; index++)
    keys.add(shortened(`${"a".repeat(100)}${index}${"b".repeat(50)}`));
  t.equal(keys.size, 10_000);
  t.ok([...keys].every((key) => key.length < 96));
});

t.test("a cost is a number from 0 on: negative, huge and malformed ones are none", async (t) => {
  t.equal(costIn("25", 100), 25);
  t.equal(costIn("0.5", 100), 0.5);
  t.equal(costIn("999999999999999", 100), 100);
  for (const text of [
    null,
    "",
    "-1",
    "-0",
    "1e9",
    "Infinity",
    "NaN",
    "0x10",
    " 1",
    "1, 2",
    "1".repeat(16),
    "1.",
  ]) {
    t.equal(costIn(text, 100), null, `${text}`);
  }
});
