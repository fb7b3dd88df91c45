import fc from "fast-check";
import t from "tap";
import { fieldValue, splitList } from "../../../plugins/cache/fields.ts";

t.test("lines of a field are joined, and those of others left out", async (t) => {
  const fields = [
    ["vary", "a"],
    ["age", "1"],
    ["vary", "b"],
  ] as const;
  t.equal(fieldValue(fields, "vary"), "a, b");
  t.equal(fieldValue(fields, "date"), null);
});

t.test("a list is split at commas outside quoted strings, and empty members are dropped", async (t) => {
  t.same(splitList("a, b"), ["a", "b"]);
  t.same(splitList(" , a ,,\tb , "), ["a", "b"]);
  t.same(splitList('a="1, 2", b'), ['a="1, 2"', "b"]);
  t.same(splitList('a="1\\", 2", b'), ['a="1\\", 2"', "b"]);
  t.same(splitList('a="1, b'), ['a="1, b'], "a quote that is never closed reaches to the end");
  t.same(splitList(""), []);
});

t.test("splitting a list gives back what was joined", async () => {
  const member = fc.oneof(fc.stringMatching(/^[a-z=]+$/), fc.stringMatching(/^x="[a-z, ]*"$/));
  fc.assert(
    fc.property(fc.array(member), (members) => {
      const again = splitList(members.join(" ,\t"));
      return again.length === members.length && again.every((text, index) => text === members[index]);
    }),
  );
});
