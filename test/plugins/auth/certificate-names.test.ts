import fc from "fast-check";
import t from "tap";
import {
  namesOf,
  readAlternatives,
  readAttributes,
} from "../../../plugins/auth/client-certificate/certificate-names.ts";
import { namePattern } from "../../../plugins/auth/name-pattern.ts";

t.test("a distinguished name is read attribute by attribute", async (t) => {
  t.same(readAttributes("C=DE\nO=Example\\, Inc\nOU=a+OU=b\nCN=billing"), [
    ["C", "DE"],
    ["O", "Example, Inc"],
    ["OU", "a"],
    ["OU", "b"],
    ["CN", "billing"],
  ]);
  t.same(readAttributes("CN=Zo\\C3\\AB"), [["CN", "Zoë"]]);
  t.same(readAttributes(""), []);
  t.equal(readAttributes("CN"), null);
});

t.test("attack: a value that holds an attribute, or another name", async (t) => {
  t.same(readAttributes("O=x\\0ACN=admin\nCN=eve"), [
    ["O", "x\nCN=admin"],
    ["CN", "eve"],
  ]);
  t.same(readAttributes("O=x\\+CN=admin"), [["O", "x+CN=admin"]]);
  t.same(readAlternatives('DNS:"evil, DNS:admin", URI:a://b'), [
    ["DNS", "evil, DNS:admin"],
    ["URI", "a://b"],
  ]);
  t.same(readAlternatives('URI:"a\\u0022, DNS:admin"'), [["URI", 'a", DNS:admin']]);
  for (const text of ['DNS:"a', 'DNS:"a"b', "DNS", "DNS:a,DNS:b", 'DNS:a"b', 'DNS:"a\\u00"']) {
    t.equal(readAlternatives(text), null, text);
  }
});

t.test("a name that the runtime quotes is one name, whatever it holds", async () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (names) => {
      const text = names.map((name) => `DNS:${JSON.stringify(name)}`).join(", ");
      const found = readAlternatives(text)?.map(([, name]) => name);
      return JSON.stringify(found) === JSON.stringify(names);
    }),
  );
});

t.test("names are sorted by their kinds, those of DNS in lower case", async (t) => {
  const names = namesOf({
    subject: "O=Example\nCN=billing",
    issuer: "CN=Authority",
    subjectAltName: "DNS:Billing.Internal, URI:spiffe://example/Billing, email:a@b.c, IP Address:10.0.0.1",
    serialNumber: "01",
    fingerprint256: "AB:CD",
  });
  t.same(names, {
    cn: ["billing"],
    ou: [],
    o: ["Example"],
    dns: ["billing.internal"],
    uri: ["spiffe://example/Billing"],
    email: ["a@b.c"],
    ip: ["10.0.0.1"],
    issuer: ["Authority"],
    fingerprint: ["abcd"],
  });
});

t.test("a * is one label, one segment, or any text, and nothing else has a meaning", async (t) => {
  for (const [kind, text, name, fits] of [
    ["dns", "*.Internal", "a.internal", true],
    ["dns", "*.internal", "a.b.internal", false],
    ["dns", "*.internal", ".internal", false],
    ["dns", "a.internal", "axinternal", false],
    ["dns", "a.internal", "a.internal.evil", false],
    ["uri", "spiffe://x/ns/*/sa/b", "spiffe://x/ns/a/sa/b", true],
    ["uri", "spiffe://x/ns/*", "spiffe://x/ns/a/b", false],
    ["uri", "spiffe://x/*", "spiffe://x/a?b", false],
    ["cn", "team *", "team a.b/c", true],
    ["cn", "team", "Team", false],
    ["cn", "(a|b)$", "a", false],
    ["cn", "a", "a\nb", false],
  ] as const) {
    t.equal(namePattern(kind, text).test(name), fits, `${text} ${name}`);
  }
});

t.test("a pattern fits what an expression says that goes back", async () => {
  const kind = fc.constantFrom("dns" as const, "uri" as const, "cn" as const);
  const signs = (...from: string[]) =>
    fc.array(fc.constantFrom(...from), { maxLength: 8 }).map((all) => all.join(""));
  fc.assert(
    fc.property(
      kind,
      signs("a", ".", "/", "?", "*", "*"),
      signs("a", "a", ".", "/", "?", "b"),
      (kind, text, name) => {
        const anything = { dns: "[^.]+", uri: "[^/?#]+", cn: "[^]+" }[kind];
        const source = text.replaceAll(/[./?]/g, "\\$&").replaceAll("*", anything);
        return namePattern(kind, text).test(name) === new RegExp(`^${source}$`).test(name);
      },
    ),
    { numRuns: 5000 },
  );
});

t.test("attack: a name of separators for a rule with many wildcards takes no time", async (t) => {
  const begun = performance.now();
  t.equal(namePattern("cn", "*-*-*-*-*!").test("-".repeat(50_000)), false);
  t.equal(namePattern("dns", "*a*a*a*a*.internal").test(`${"a".repeat(50_000)}.internals`), false);
  t.ok(performance.now() - begun < 1000);
});
