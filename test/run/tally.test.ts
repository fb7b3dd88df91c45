import t from "tap";
import { emptyTally, tallyParser } from "./tally.ts";

function tally(stream: string) {
  const counts = emptyTally();
  tallyParser(counts).end(stream);
  return counts;
}

t.test("a test counts once, however many assertions it makes", async (t) => {
  const stream = "TAP version 14\n# Subtest: a\n    ok 1 - x\n    ok 2 - y\n    1..2\nok 1 - a\n1..1\n";
  t.same(tally(stream), { passed: 1, failed: 0, skipped: [] });
});

t.test("a test that holds tests is not counted itself", async (t) => {
  const inner = "    # Subtest: b\n        ok 1 - x\n        1..1\n    ok 1 - b\n";
  const stream = `# Subtest: a\n${inner}${inner.replace("ok 1 - b", "ok 2 - b")}    1..2\nok 1 - a\n1..1\n`;
  t.same(tally(stream), { passed: 2, failed: 0, skipped: [] });
});

t.test("a failed test counts once and not again in the tests around it", async (t) => {
  const inner =
    "    # Subtest: b\n        not ok 1 - x\n        not ok 2 - y\n        1..2\n    not ok 1 - b\n";
  t.same(tally(`# Subtest: a\n${inner}    1..1\nnot ok 1 - a\n1..1\n`), {
    passed: 0,
    failed: 1,
    skipped: [],
  });
});

t.test("an assertion that fails beside nested tests is a failure", async (t) => {
  const stream = "not ok 1 - loose\n# Subtest: a\n    ok 1 - x\n    1..1\nok 2 - a\n1..2\n";
  t.same(tally(stream), { passed: 1, failed: 1, skipped: [] });
});

t.test("a skipped test gives its reason, declared or found inside", async (t) => {
  t.same(tally("ok 1 - cache # SKIP no redis\n1..1\n").skipped, ["cache: no redis"]);
  t.same(tally("# Subtest: a\n    ok 1 - no nginx # SKIP\n    1..1\nok 1 - a\n1..1\n").skipped, ["no nginx"]);
});

t.test("a stream that breaks off is a failure", async (t) => {
  t.equal(tally("TAP version 14\n# Subtest: a\n    ok 1 - x\n").failed > 0, true);
  t.equal(tally("ok 1 - x\nBail out! no disk\n").failed > 0, true);
});
