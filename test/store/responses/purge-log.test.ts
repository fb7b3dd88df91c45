import fc from "fast-check";
import t from "tap";
import { type Purge, PurgeLog } from "../../../core/store/responses/purge-log.ts";

const labels = (url: string | null, ...tags: string[]) => ({ key: "cache\nk", url, tags });

t.test(
  "what was asked for before a purge is covered by it, and what was asked for later is not",
  async (t) => {
    const log = new PurgeLog();
    log.note("", { tag: "red" }, 10, null);
    log.note("", { url: "https://a.test/x" }, 20, null);
    log.note("", { prefix: "https://a.test/y" }, 30, null);
    const covered = (url: string | null, tag: string, asked: number) =>
      log.covers(labels(url, tag), asked, null);
    t.same(
      [9, 10, 10.1].map((asked) => covered(null, "red", asked)),
      [true, true, false],
    );
    t.same(
      [20, 21].map((asked) => covered("https://a.test/x", "", asked)),
      [true, false],
    );
    t.same(
      [30, 31].map((asked) => covered("https://a.test/yz", "", asked)),
      [true, false],
    );
    t.notOk(covered("https://a.test/", "blue", 0));
  },
);

t.test("a plugin's own purges are about its own responses", async (t) => {
  const log = new PurgeLog();
  log.note("other\n", { tag: "red" }, 10, null);
  t.notOk(log.covers(labels(null, "red"), 0, null));
  log.note("cache\n", { tag: "red" }, 10, null);
  t.ok(log.covers(labels(null, "red"), 0, null));
});

t.test("who purges does not mean its own response, but others' purges do", async (t) => {
  const [mine, other] = [{}, {}];
  const log = new PurgeLog();
  log.note("cache\n", { url: "u" }, 10, mine);
  t.notOk(log.covers(labels("u"), 5, mine));
  t.ok(log.covers(labels("u"), 5, other));
  log.note("cache\n", { url: "u" }, 20, other);
  log.note("cache\n", { url: "u" }, 30, mine);
  t.ok(log.covers(labels("u"), 15, mine));
  t.notOk(log.covers(labels("u"), 25, mine));
  t.ok(log.covers(labels("u"), 25, other));
});

t.test(
  "a flood of purges makes it forgetful, never wrong: what it cannot know counts as purged",
  async (t) => {
    const log = new PurgeLog();
    for (let at = 1; at <= 10_001; at++) log.note("", { tag: `t${at}` }, at, null);
    t.ok(log.covers(labels(null, "never"), 1, null));
    t.notOk(log.covers(labels(null, "never"), 2, null));
    for (let at = 10_002; at < 10_002 + 257; at++) log.note("", { prefix: `p${at}` }, at, null);
    t.ok(log.covers(labels(null), 10_002, null));
    t.notOk(log.covers(labels(null), 10_003, null));
  },
);

t.test("a flood of long labels makes it forgetful as well, instead of filling the memory", async (t) => {
  const log = new PurgeLog();
  for (let at = 1; at <= 1000; at++) log.note("", { tag: `${at}${"\u4e00".repeat(32_000)}` }, at, null);
  t.ok(log.covers(labels(null, "never"), 800, null));
  t.notOk(log.covers(labels(null, "never"), 990, null));
});

t.test("it says what a list of all purges says", async () => {
  const text = fc.constantFrom("a", "ab", "b");
  const purge: fc.Arbitrary<Purge> = fc.oneof(
    text.map((url) => ({ url })),
    text.map((prefix) => ({ prefix })),
    text.map((tag) => ({ tag })),
  );
  fc.assert(
    fc.property(
      fc.array(purge),
      text,
      fc.subarray(["a", "ab", "b"]),
      fc.nat(12),
      (purges, url, tags, asked) => {
        const log = new PurgeLog();
        purges.forEach((one, at) => {
          log.note("", one, at, null);
        });
        const isMeant = purges.slice(asked).some((one) => {
          if ("url" in one) return one.url === url;
          return "tag" in one ? tags.includes(one.tag) : url.startsWith(one.prefix);
        });
        return log.covers({ key: "k", url, tags }, asked, null) === isMeant;
      },
    ),
  );
});
