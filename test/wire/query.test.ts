import fc from "fast-check";
import t from "tap";
import { asBytes, readParameter } from "../../core/wire/query.ts";

t.test("readParameter finds the first parameter of a name", async (t) => {
  t.equal(readParameter("?a=1&b=2&a=3", "a"), "1");
  t.equal(readParameter("?a=1&b=2", "b"), "2");
  t.equal(readParameter("?a=1&b=2", "c"), null);
  t.equal(readParameter("?a==1", "a"), "=1");
  t.equal(readParameter("?a", "a"), "", "a name without = has an empty value");
  t.equal(readParameter("?=1", ""), "1");
  for (const empty of ["", "?", "?&", "?&&"]) t.equal(readParameter(empty, ""), null, empty);
});

t.test("readParameter decodes names and values: an escaped name is no way around a route", async (t) => {
  t.equal(readParameter("?%61dmin=%74rue", "admin"), "true");
  t.equal(readParameter("?a=b+c%2B", "a"), "b c+");
  t.equal(readParameter("?%C3%A4=1", asBytes("ä")), "1");
  t.equal(readParameter("?a%3D1=2", "a"), null, "an escaped = is part of the name");
});

t.test("readParameter keeps what is no escape", async (t) => {
  t.equal(readParameter("?a=%", "a"), "%");
  t.equal(readParameter("?a=%4&b=%zz", "a"), "%4");
  t.equal(readParameter("?a=%4&b=%zz", "b"), "%zz");
});

t.test("readParameter reads what URLSearchParams reads", async (t) => {
  const part = fc.string({ unit: fc.constantFrom("a", "b", "=", "&", "%", "4", "1", "+", "%61", "%26") });
  fc.assert(
    fc.property(part, fc.constantFrom("a", "b", "", "A", "a b"), (text, name) => {
      const expected = new URLSearchParams(`?${text}`).get(name);
      const found = readParameter(`?${text}`, name);
      // Bytes that are no UTF-8 are a replacement character there, and stay bytes here.
      return (found && Buffer.from(found, "latin1").toString("utf8")) === expected;
    }),
    { numRuns: 5000 },
  );
  t.pass();
});
