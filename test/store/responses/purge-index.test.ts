import fc from "fast-check";
import t from "tap";
import { PurgeIndex } from "../../../core/store/responses/purge-index.ts";

t.test("entries are found by URL, prefix and tag until they go", async (t) => {
  const index = new PurgeIndex();
  index.add("1", "https://a.test/x", ["red"]);
  index.add("2", "https://a.test/x", ["red", "blue"]);
  index.add("3", "https://a.test/xy", []);
  index.add("4", null, ["blue"]);
  index.add("5", null, []);
  t.same(index.ofUrl("https://a.test/x"), ["1", "2"]);
  t.same(index.withPrefix("https://a.test/x"), ["1", "2", "3"]);
  t.same(index.withTag("blue"), ["2", "4"]);
  index.delete("2");
  index.add("1", "https://a.test/z", ["blue"]);
  t.same(index.ofUrl("https://a.test/x"), []);
  t.same([index.withTag("red"), index.withTag("blue")], [[], ["4", "1"]]);
  t.equal(index.size, 3);
  index.delete("5");
  t.equal(index.size, 3, "what has no label takes no place");
});

t.test("the index agrees with a list that is searched", async () => {
  const entry = fc.constantFrom("1", "2", "3", "4");
  const url = fc.constantFrom("a", "ab", "b", "__proto__");
  const step = fc.record({ entry, url, tags: fc.subarray(["x", "y", "__proto__"]), comes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const index = new PurgeIndex();
      const model = new Map<string, { url: string; tags: string[] }>();
      for (const { entry, url, tags, comes } of steps) {
        model.delete(entry);
        if (comes) model.set(entry, { url, tags });
        if (comes) index.add(entry, url, tags);
        else index.delete(entry);
      }
      const where = (test: (labels: { url: string; tags: string[] }) => boolean) =>
        [...model]
          .filter(([, labels]) => test(labels))
          .map(([key]) => key)
          .sort()
          .join();
      const found = (entries: string[]) => entries.sort().join();
      return (
        ["a", "b", "__proto__"].every(
          (prefix) => found(index.withPrefix(prefix)) === where(({ url }) => url.startsWith(prefix)),
        ) &&
        ["a", "__proto__"].every((text) => found(index.ofUrl(text)) === where(({ url }) => url === text)) &&
        ["x", "y", "__proto__"].every(
          (tag) => found(index.withTag(tag)) === where(({ tags }) => tags.includes(tag)),
        )
      );
    }),
  );
});
