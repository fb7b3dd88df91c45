import fc from "fast-check";
import t from "tap";
import { parseDictionary, writeItem } from "../../../../plugins/cache/directives/structured-field.ts";

const parse = (text: string) => {
  const members = parseDictionary(text);
  return members && Object.fromEntries(members);
};

t.test("members have the types of RFC 8941", async (t) => {
  t.same(parse('a=1, b=-2.5,c="x\\"y", d=tok/en:1, e=:aGk=:, f=?0, g, h=(1 "a" b;q=1);x=?1, i=*'), {
    a: { type: "integer", value: 1 },
    b: { type: "decimal", value: -2.5 },
    c: { type: "string", value: 'x"y' },
    d: { type: "token", value: "tok/en:1" },
    e: { type: "bytes", value: "aGk=" },
    f: { type: "boolean", value: false },
    g: { type: "boolean", value: true },
    h: { type: "list" },
    i: { type: "token", value: "*" },
  });
});

t.test("numbers may be as long as RFC 8941 has them", async (t) => {
  t.same(parse("a=999999999999999, b=-999999999999.125"), {
    a: { type: "integer", value: 999_999_999_999_999 },
    b: { type: "decimal", value: -999_999_999_999.125 },
  });
});

t.test("of a key that comes twice the last value counts, and parameters are passed over", async (t) => {
  t.same(parse("a=1, a=2;x;y=3"), { a: { type: "integer", value: 2 } });
  t.same(parse("a;x=1"), { a: { type: "boolean", value: true } });
  t.same(parse("  a=1\t,\t b  "), { a: { type: "integer", value: 1 }, b: { type: "boolean", value: true } });
  t.same(parse(""), {});
});

t.test("a field is refused whole when any part of it is malformed", async (t) => {
  const texts = [
    "a=1,",
    "a=1, &&&",
    ",a",
    "A=1",
    "a =1",
    "a= 1",
    "a=",
    "a=1 b",
    'a="x',
    'a="\\x"',
    'a="é"',
    "a=(1",
    "a=(1(2))",
    'a=(1"b")',
    "a=?2",
    "a=:a*:",
    "a=1.2345",
    "a=1.",
    "a=1234567890123456",
    "a=1234567890123.1",
    "a;X",
    "a;x=",
    "1=a",
  ];
  for (const text of texts) t.equal(parse(text), null, text);
});

t.test("whatever text is written is read again, and what cannot be written is replaced", async (t) => {
  t.equal(writeItem("sluice", "token"), "sluice");
  t.equal(writeItem("a b", "token"), '"a b"');
  t.equal(writeItem('say "\\"\r\né', "string"), '"say \\"\\\\\\"???"');
  t.equal(writeItem(-1.9, "integer"), "-1");
  t.equal(writeItem(Infinity, "integer"), "999999999999999");
  t.equal(writeItem(Number.NaN, "integer"), "0");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii" }), fc.constantFrom("token", "string"), (text, form) => {
      const member = parseDictionary(`a=${writeItem(text, form as "token")}`)?.get("a");
      return member !== undefined && member.type !== "list" && member.value === text;
    }),
  );
});
