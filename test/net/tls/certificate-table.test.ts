import t from "tap";
import { createCertificateTable } from "../../../core/net/tls/certificate-table.ts";

const table = createCertificateTable([
  { context: "first", hosts: [], subjectAltName: "DNS:a.example, DNS:*.wild.example, IP Address:127.0.0.1" },
  { context: "configured", hosts: ["B.example", "*.c.example"], subjectAltName: "DNS:ignored.example" },
  { context: "exact", hosts: ["x.c.example", "a.wild.example"], subjectAltName: undefined },
  { context: "late", hosts: ["b.example"], subjectAltName: "DNS:a.example" },
]);

const cases: readonly [serverName: string, selected: string, why: string][] = [
  ["a.example", "first", "a name in the certificate"],
  ["A.EXAMPLE", "first", "names have no case"],
  ["b.example", "configured", "a configured name; the first entry that claims it wins"],
  ["x.c.example", "exact", "an exact name goes before a wildcard"],
  ["y.c.example", "configured", "a configured wildcard"],
  ["y.z.c.example", "first", "a wildcard is one label"],
  ["c.example", "first", "a wildcard is at least one label"],
  ["a.wild.example", "exact", "configured names go before those in certificates"],
  ["b.wild.example", "first", "a wildcard in the certificate"],
  ["ignored.example", "first", "names in a certificate do not add to configured ones"],
  ["", "first", "no name"],
  [".c.example", "first", "an empty label"],
  ["__proto__", "first", "a name that objects know"],
];

for (const [serverName, selected, why] of cases) {
  t.test(`${JSON.stringify(serverName)} selects ${selected}: ${why}`, async (t) => {
    t.equal(table.select(serverName), selected);
  });
}

t.test("a quoted name in a certificate is no host name", async (t) => {
  const quoted = createCertificateTable([
    { context: 1, hosts: [], subjectAltName: "DNS:a.example" },
    { context: 2, hosts: [], subjectAltName: 'DNS:"evil, DNS:b.example"' },
  ]);
  t.equal(quoted.select("b.example"), 1);
});
