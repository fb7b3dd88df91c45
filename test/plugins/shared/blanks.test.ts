import t from "tap";
import { withoutBlanks } from "../../../plugins/shared/blanks.ts";

t.test("blanks and tabs are dropped around a text, and nothing else", async (t) => {
  t.equal(withoutBlanks(" \ta \tb\t "), "a \tb");
  t.equal(withoutBlanks("\u00a0a\n"), "\u00a0a\n");
  t.equal(withoutBlanks(" \t "), "");
});

t.test("a long run of white space costs no more than its length", async (t) => {
  const run = " ".repeat(200_000);
  const before = performance.now();
  t.equal(withoutBlanks(`${run}a${run}b${run}`), `a${run}b`);
  t.ok(performance.now() - before < 1000);
});
