import fc from "fast-check";
import t from "tap";
import { parseDictionary, parseItem, parseList } from "../../../../plugins/shared/structured-fields/parse.ts";
import { writeDictionary, writeItem, writeList } from "../../../../plugins/shared/structured-fields/write.ts";

const rewritten = {
  dictionary: (text: string) => {
    const members = parseDictionary(text);
    return members && writeDictionary(members);
  },
  list: (text: string) => {
    const members = parseList(text);
    return members && writeList(members);
  },
  item: (text: string) => {
    const item = parseItem(text);
    return item && writeItem(item);
  },
};

t.test("what is written is the one strict form of what was read", async (t) => {
  const { dictionary, list, item } = rewritten;
  // RFC 9421, section 2.1.1.
  t.equal(dictionary("a=1,    b=2;x=1;y=2,   c=(a   b   c)"), "a=1, b=2;x=1;y=2, c=(a b c)");
  t.equal(dictionary("a, b;x, c=?0, d=?1;y=?0"), "a, b;x, c=?0, d;y=?0");
  t.equal(dictionary("a=1, b=2, a=3"), "a=3, b=2");
  t.equal(dictionary("  a=1\t,\tb  "), "a=1, b");
  t.equal(dictionary(""), "");
  t.equal(
    list('abc;a=1;b=2; cde_456, (ghi;jk=4 l);q="9";r=w'),
    'abc;a=1;b=2;cde_456, (ghi;jk=4 l);q="9";r=w',
  );
  t.equal(list("(), ( a )"), "(), (a)");
  t.equal(item('"hello \\"world\\" \\\\"'), '"hello \\"world\\" \\\\"');
  t.equal(item("1; a; b=?0"), "1;a;b=?0");
  t.equal(item("1.50"), "1.5");
  t.equal(item("4.000"), "4.0");
  t.equal(item("-0"), "0");
  t.equal(item("00012"), "12");
  t.equal(item(" ?1 "), "?1");
  t.equal(item(":YQ:"), ":YQ==:");
  t.equal(item("::"), "::");
  t.equal(item("*a/b:c"), "*a/b:c");
});

t.test("what is not well formed in any part is nothing", async (t) => {
  for (const text of [
    "a=1,",
    ",a",
    "A=1",
    "a=(1",
    'a=(1"b")',
    "a;X",
    "a=:a:",
    "a=:a*:",
    "a=1;x=(1)",
    "a\n",
    "a=1 b",
    "a=(1;)",
  ]) {
    t.equal(parseDictionary(text), null, text);
  }
  for (const text of ["a,", "a b", "(a", "(a))", ",", '"é"']) t.equal(parseList(text), null, text);
  for (const text of ["", "a b", "a,b", "(a)", "1.2345", "1234567890123456", "?2", '"a', "a;", "-", "1."]) {
    t.equal(parseItem(text), null, text);
  }
});

t.test("writing what was read changes nothing any more", async (t) => {
  const name = fc.stringMatching(/^[a-z*][a-z0-9_\-.*]{0,5}$/);
  const bare = fc.oneof(
    fc.integer({ min: -999_999_999, max: 999_999_999 }).map(String),
    fc.integer({ min: -9_999_999, max: 9_999_999 }).map((number) => `${number}.125`),
    fc.stringMatching(/^[ -!#-[\]-~]{0,8}$/).map((text) => `"${text}"`),
    fc.stringMatching(/^[A-Za-z*][A-Za-z0-9:/]{0,6}$/),
    fc.base64String({ maxLength: 12 }).map((text) => `:${text}:`),
    fc.constantFrom("?0", "?1"),
  );
  const parameters = fc.array(fc.tuple(name, bare), { maxLength: 3 });
  const item = fc
    .tuple(bare, parameters)
    .map(([value, list]) => value + list.map(([key, text]) => `; ${key}=${text}`).join(""));
  const member = fc.oneof(
    item,
    fc.array(item, { maxLength: 3 }).map((items) => `( ${items.join("  ")} )`),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, member), { maxLength: 5 }), (members) => {
      const text = members.map(([key, value]) => `${key}=${value}`).join(" ,\t");
      const once = rewritten.dictionary(text);
      if (once === null) throw new Error(`cannot read ${text}`);
      if (rewritten.dictionary(once) !== once) throw new Error(`${text} became ${once}`);
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test("attack: a long field of spaces, commas or parentheses takes no longer than its length", async (t) => {
  for (const text of [
    " ".repeat(1e5),
    `a${" ".repeat(1e5)}b`,
    `${"a,".repeat(5e4)}`,
    "(".repeat(1e5),
    `a=(${" ".repeat(1e5)}`,
    `a${";a".repeat(5e4)}`,
  ]) {
    const begun = performance.now();
    parseDictionary(text);
    parseList(text);
    t.ok(performance.now() - begun < 500, text.slice(0, 5));
  }
});
