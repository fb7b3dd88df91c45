import t from "tap";
import { formats } from "../../../plugins/validate/schema/formats.ts";

const repeated = [
  "a",
  "0",
  "1.",
  "a.",
  "a-",
  ":",
  "::",
  "/",
  "%41",
  "%",
  "?",
  "#",
  "@",
  "a@",
  '"',
  '\\"',
  "{a}",
  "{a,",
  "~0",
  "T",
  "1Y",
  "AA",
  "é",
  " ",
];
const before = ["", "a:", "http://", "P", '"', "#"];
const behind = ["", "\n", "!", "@"];

t.test("Attack: a long text of any format is judged in a time that grows with it", async (t) => {
  const length = 100_000;
  for (const [name, fits] of Object.entries(formats)) {
    const begun = performance.now();
    for (const each of repeated) {
      const text = each.repeat(length / each.length);
      for (const head of before) for (const tail of behind) fits(head + text + tail);
    }
    // 576 texts: one that took the square of its length would take longer alone.
    t.ok(performance.now() - begun < 10_000, name);
  }
});
