import fc from "fast-check";
import t from "tap";
import {
  keysMark,
  markOf,
  markText,
  mostMarks,
  PurgeMarks,
  parseMark,
  purgeOf,
} from "../../../../core/store/redis/responses/purge-marks.ts";
import type { Purge, PurgeLabels } from "../../../../core/store/responses/purge-log.ts";

const labels = (key: string, url: string | null, ...tags: string[]): PurgeLabels => ({ key, url, tags });

t.test("a mark means what was asked for before it, in its scope, and nothing else", async (t) => {
  const marks = new PurgeMarks();
  marks.add(markOf("cache\n", { tag: "red" }, false), 10);
  t.equal(marks.verdict(labels("cache\nk", null, "blue", "red"), 9), "purged");
  t.equal(marks.verdict(labels("cache\nk", null, "red"), 10), null, "it came of it");
  t.equal(marks.verdict(labels("cache\nk", null, "blue"), 9), null);
  t.equal(marks.verdict(labels("else\nk", null, "red"), 9), null);
  marks.add(markOf("", { tag: "red" }, false), 20);
  t.equal(marks.verdict(labels("else\nk", null, "red"), 19), "purged");
});

t.test("a soft mark tells since when it is stale, and a hard one goes before it", async (t) => {
  const marks = new PurgeMarks();
  marks.add(markOf("", { url: "https://a.test/" }, true), 5_000_999);
  t.equal(marks.verdict(labels("cache\nk", "https://a.test/"), 1), 5000);
  marks.add(markOf("", { prefix: "https://" }, false), 4_000_000);
  t.equal(marks.verdict(labels("cache\nk", "https://a.test/"), 1), "purged");
  t.equal(marks.verdict(labels("cache\nk", "https://a.test/"), 4_500_000), 5000);
});

t.test("it says what a list of all purges says, as long as none is forgotten", async () => {
  const word = fc.constantFrom("a", "ab", "b", "a".repeat(300), "a".repeat(2000), `${"a".repeat(300)}b`);
  const url = word.map((text) => `https://${text}`);
  const purge = fc.oneof<fc.Arbitrary<Purge>[]>(
    url.map((url) => ({ url })),
    url.map((prefix) => ({ prefix })),
    fc.constantFrom("red", "blue").map((tag) => ({ tag })),
  );
  const scope = fc.constantFrom("", "cache\n", "else\n");
  const purges = fc.array(fc.record({ scope, purge, isSoft: fc.boolean() }), { maxLength: 20 });
  const response = fc.record({
    plugin: fc.constantFrom("cache\n", "else\n"),
    url,
    tags: fc.subarray(["red", "blue"]),
  });
  fc.assert(
    fc.property(purges, response, fc.nat(20), (purges, { plugin, url, tags }, serial) => {
      const marks = new PurgeMarks();
      purges.forEach(({ scope, purge, isSoft }, index) => {
        const mark = parseMark(markText(markOf(scope, purge, isSoft)))!;
        marks.add(mark, index + 1);
      });
      const response = labels(`${plugin}k`, url, ...tags);
      const those = purges.filter(
        ({ scope, purge }, index) => index + 1 > serial && plugin.startsWith(scope) && means(purge, response),
      );
      const verdict = marks.verdict(response, serial);
      if (those.some(({ isSoft }) => !isSoft)) return verdict === "purged";
      return those.length > 0 ? typeof verdict === "number" : verdict === null;
    }),
    { numRuns: 500 },
  );
});

function means(purge: Purge, { url, tags }: PurgeLabels): boolean {
  if ("tag" in purge) return tags.includes(purge.tag);
  return "url" in purge ? url === purge.url : url!.startsWith(purge.prefix.slice(0, 1024));
}

t.test("what is too long to be told means more than was asked, and never less", async (t) => {
  const long = `https://a.test/${"x".repeat(5000)}`;
  t.ok(markText(markOf("", { url: long }, false)).length < 500);
  t.ok(long.startsWith((purgeOf(markOf("", { url: long }, false)) as { prefix: string }).prefix));
  t.ok(long.startsWith(markOf("", { prefix: long }, false).label));
  t.same(markOf("cache\n", { tag: "t".repeat(257) }, false), keysMark("cache\n"));
  t.equal(purgeOf(keysMark("cache\n")), null);
});

t.test("marks that were forgotten count as having meant everything", async (t) => {
  const marks = new PurgeMarks();
  for (let serial = 1; serial <= mostMarks + 5; serial++)
    marks.add(markOf("", { tag: `t${serial}` }, false), serial);
  t.equal(marks.verdict(labels("cache\nk", null), 4), "purged");
  t.equal(marks.verdict(labels("cache\nk", null), 5), null);
  const beginnings = new PurgeMarks();
  for (let serial = 1; serial <= 300; serial++)
    beginnings.add(markOf("", { prefix: `https://${serial}.test` }, false), serial);
  t.equal(beginnings.verdict(labels("cache\nk", null), 43), "purged");
  t.equal(beginnings.verdict(labels("cache\nk", null), 44), null);
});

t.test("everything is purged that was asked for before everything was", async (t) => {
  const marks = new PurgeMarks();
  marks.addEverything(7);
  t.equal(marks.verdict(labels("cache\nk", null), 6), "purged");
  t.equal(marks.verdict(labels("cache\nk", null), 7), null);
});

t.test("what is no mark is not taken for one", async (t) => {
  const texts = [
    "",
    "*",
    "{}",
    "[]",
    '["u"]',
    '["x",0,"","a"]',
    '["u",2,"","a"]',
    '["u",0,1,"a"]',
    '["u",0,"",null]',
  ];
  for (const text of [...texts, `["u",0,"","${"a".repeat(9000)}"]`]) t.equal(parseMark(text), null, text);
});
