import fc from "fast-check";
import t from "tap";
import { Flights } from "../../../plugins/cache/flights.ts";
import { PurgeIndex, tagsOf } from "../../../plugins/cache/purge-index.ts";

const limits = { patience: 100, apart: 1000, maximum: 3 };

t.test("one goes to the origin and the others wait", async (t) => {
  const flights = new Flights(limits);
  t.same([flights.board("a", 0), flights.board("a", 1), flights.board("b", 1)], ["lead", "wait", "lead"]);
  flights.land("a", true, 5);
  t.equal(flights.board("a", 6), "lead");
});

t.test("nobody waits for an answer that could not be shared the last time", async (t) => {
  const flights = new Flights(limits);
  flights.board("a", 0);
  flights.land("a", false, 5);
  t.same(
    [flights.board("a", 6), flights.board("a", 1004), flights.board("a", 1005)],
    ["alone", "alone", "lead"],
  );
});

t.test("after a while the next one leads, in case the first has come to nothing", async (t) => {
  const flights = new Flights(limits);
  flights.board("a", 0);
  t.same(
    [flights.board("a", 99), flights.board("a", 100), flights.board("a", 101)],
    ["wait", "lead", "wait"],
  );
});

t.test("the number of keys is bounded, whatever clients ask for", async (t) => {
  const flights = new Flights(limits);
  const boardings = ["a", "b", "c", "d"].map((key) => flights.board(key, 0));
  t.same(boardings, ["lead", "lead", "lead", "alone"]);
  for (const key of ["a", "b", "c"]) flights.land(key, false, 1);
  flights.board("d", 2);
  flights.land("d", false, 2);
  t.equal(flights.board("a", 3), "lead", "the first one was forgotten");
  t.equal(flights.board("d", 3), "alone");
});

t.test("entries are found by URL, prefix and tag until they go", async (t) => {
  const index = new PurgeIndex();
  index.add("1", "https://a.test/x", ["red"]);
  index.add("2", "https://a.test/x", ["red", "blue"]);
  index.add("3", "https://a.test/xy", []);
  index.add("4", "https://b.test/x", ["blue"]);
  t.same(index.ofUrl("https://a.test/x"), ["1", "2"]);
  t.same(index.withPrefix("https://a.test/x"), ["1", "2", "3"]);
  t.same(index.withTag("blue"), ["2", "4"]);
  index.delete("2");
  index.add("1", "https://a.test/z", ["blue"]);
  t.same(index.ofUrl("https://a.test/x"), []);
  t.same([index.withTag("red"), index.withTag("blue")], [[], ["4", "1"]]);
  t.equal(index.size, 3);
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

t.test("tags are separated by commas or spaces, and each counts once", async (t) => {
  t.same(tagsOf("a b, c,,a"), ["a", "b", "c"]);
  t.same(tagsOf(null), []);
});
