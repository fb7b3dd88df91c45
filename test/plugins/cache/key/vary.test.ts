import fc from "fast-check";
import t from "tap";
import { entryKey, entryKeys, withVariant } from "../../../../plugins/cache/key/variants.ts";
import { variantKey, varyNames } from "../../../../plugins/cache/key/vary.ts";
import { type Fields, reader } from "../messages.ts";

const names = (fields: Fields) => varyNames(reader(fields));

t.test("the names are sorted, in lower case and each there once", async (t) => {
  t.same(names({ vary: ["Foo, bar", "BAR, baz"] }), ["bar", "baz", "foo"]);
  t.same(names({ vary: "" }), []);
  t.same(names({}), []);
});

t.test("what varies by everything, or by no field name, has no names", async (t) => {
  for (const vary of ["*", "*, *", ["*", "*"], ", *", ["", "*"], "*, Foo", "Foo, *", "foo bar", '"foo"'])
    t.equal(names({ vary }), null, `${vary}`);
});

t.test("dependencies that origins forget are added", async (t) => {
  t.same(names({ "content-encoding": "gzip" }), ["accept-encoding"]);
  t.same(names({ "access-control-allow-origin": "https://b.test", vary: "accept" }), ["accept", "origin"]);
  t.same(names({ "access-control-allow-origin": " * " }), []);
});

t.test("values that surely mean the same have the same key", async (t) => {
  const same = (name: string, one: string | readonly string[], other: string | readonly string[]) =>
    variantKey([name], reader({ [name]: one })) === variantKey([name], reader({ [name]: other }));
  t.ok(same("foo", "1,2", " 1, 2 "));
  t.ok(same("foo", "1, 2", ["1", "2"]));
  t.ok(same("accept-language", "en, de;q=0.5", "eN ,   De ; q=0.5"));
  t.notOk(same("accept-language", "en, de", "de, en"), "the order tells some origins what is preferred");
  t.notOk(same("foo", "a", "A"));
  t.notOk(same("foo", '"a,b"', '"a, b"'), "white space in a quoted string");
  t.notOk(same("user-agent", "a,b", "a, b"), "no list");
});

t.test("a field that is absent differs from every value", async (t) => {
  const key = (fields: Fields) => variantKey(["a", "b"], reader(fields));
  t.not(key({}), key({ a: "" }));
  t.not(key({ a: "1" }), key({ b: "1" }));
  t.not(key({ a: "" }), key({ b: "" }));
});

t.test("no two requests that differ share an entry's key, whatever clients send", async () => {
  // Attack: a value that looks like the border between two parts of the key.
  const value = fc.string({ unit: fc.constantFrom(...'ab:"\\= \tGET') });
  const fields = fc.record({ a: value, b: value }, { requiredKeys: [] });
  const key = fc.constantFrom("GET https://a.test/", "GET https://a.test/b");
  const words = (text: string | undefined) => (text === undefined ? null : text.match(/[^ \t]+/g));
  fc.assert(
    fc.property(fields, fields, key, key, (one, other, keyOne, keyOther) => {
      const isSame =
        entryKey(keyOne, ["a", "b"], reader(one)) === entryKey(keyOther, ["a", "b"], reader(other));
      if (!isSame) return true;
      const alike =
        JSON.stringify([words(one.a), words(one.b)]) === JSON.stringify([words(other.a), words(other.b)]);
      return keyOne === keyOther && alike;
    }),
  );
});

t.test("an index knows the latest sets of names, the latest first, and few of them", async (t) => {
  let index = withVariant([], ["a"]);
  t.equal(withVariant(index, ["a"]), index, "nothing new");
  index = withVariant(index, []);
  t.same(index, [[], ["a"]]);
  t.same(withVariant(index, ["a"]), [["a"], []]);
  for (let name = 0; name < 20; name++) index = withVariant(index, [`x${name}`]);
  t.same(index, [["x19"], ["x18"], ["x17"], ["x16"]]);
  const headers = reader({ x19: "1" });
  t.same(entryKeys(index, "k", headers)[0], entryKey("k", ["x19"], headers));
});
