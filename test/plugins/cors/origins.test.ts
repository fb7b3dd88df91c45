import fc from "fast-check";
import t from "tap";
import { isAmong, originsOf } from "../../../plugins/cors/origins.ts";

const among = (value: string, ...list: string[]) => isAmong(value, originsOf(list));

t.test("an origin is compared letter by letter", async (t) => {
  t.ok(among("https://a.example", "https://b.example", "https://a.example"));
  t.ok(among("http://[::1]:3000", "http://[::1]:3000"));
  t.ok(among("capacitor://localhost", "capacitor://localhost"));
  for (const other of [
    "http://a.example",
    "https://a.example:444",
    "https://a.example.evil.test",
    "https://xa.example",
    "https://A.example",
    "https://a.example/",
    "https://a.example, https://a.example",
    "null",
    "",
  ]) {
    t.notOk(among(other, "https://a.example"), other);
  }
});

t.test("an operator may write capitals and the scheme's own port", async (t) => {
  t.ok(among("https://a.example", "HTTPS://A.example:443"));
  t.ok(among("http://a.example", "http://a.example:80"));
  t.ok(among("http://a.example:443", "http://a.example:443"));
});

t.test("a wildcard stands for the names below, with the same scheme and port", async (t) => {
  const below = (value: string) => among(value, "https://*.example.com");
  t.ok(below("https://a.example.com"));
  t.ok(below("https://a.b.example.com"));
  t.notOk(below("https://example.com"));
  t.notOk(below("http://a.example.com"));
  t.notOk(below("https://a.example.com:8443"));
  t.ok(among("https://a.example.com:8443", "https://*.example.com:8443"));
  t.ok(among("http://localhost:5173", "http://localhost:*"));
  t.ok(among("http://localhost", "http://localhost:*"));
  t.notOk(among("http://localhost:port", "http://localhost:*"));
});

t.test("An origin that only ends like a trusted one is not below it", async (t) => {
  for (const value of [
    "https://evilexample.com",
    "https://evil.test/.example.com",
    "https://evil.test#.example.com",
    "https://evil.test?.example.com",
    "https://evil.test:443.example.com",
    "https://evil.test\\.example.com",
    "https://user@evil.test:80/a.example.com",
    "https://a@b.example.com",
    "https://.example.com",
    "https://a..example.com",
    "https://evil.test%2f.example.com",
    "https://evil.test\n.example.com",
    "https://a.example.com.",
    "https://a.example.com.evil.test",
  ]) {
    t.notOk(among(value, "https://*.example.com"), value);
  }
});

t.test("An origin of a megabyte is refused in no time", async (t) => {
  const origins = originsOf(["https://*.example.com"]);
  const begun = performance.now();
  for (const text of ["a", "a.", "-", "https://"]) {
    const long = text.repeat(1_000_000 / text.length);
    t.notOk(isAmong(`https://${long}.example.com`, origins));
    t.notOk(isAmong(long, origins));
  }
  t.ok(performance.now() - begun < 200);
});

t.test("what no browser sends is refused in the list", async (t) => {
  for (const text of [
    "example.com",
    "https://a.example/",
    "https://a.example/path",
    "https://",
    "https://*",
    "https://*.com",
    "https://a.*.example.com",
    "https://*a.example.com",
    "*.example.com",
    "https://user@a.example",
    "https://münchen.example",
    "https://a b",
  ]) {
    t.throws(() => originsOf([text]), { message: /^Cannot use origins/ }, text);
  }
});

t.test("whatever a wildcard lets in is a name below it", async (t) => {
  const origins = originsOf(["https://*.example.com"]);
  const text = fc.string({
    unit: fc.constantFrom("a", ".", "-", "/", ":", "@", "#", "\\", "1", " ", "é", "example.com"),
  });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const value = `https://${before}.example.com${after}`;
      if (!isAmong(value, origins)) return;
      const { hostname, origin } = new URL(value);
      t.equal(origin, value);
      t.ok(hostname.endsWith(".example.com"), value);
    }),
    { numRuns: 2000 },
  );
});
