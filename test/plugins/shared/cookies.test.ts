import t from "tap";
import { cookiesIn } from "../../../plugins/shared/cookies.ts";

const pairs = (field: string | null) => cookiesIn(field).map(({ name, value }) => [name, value]);

t.test("cookies are parted by semicolons alone, with blanks and tabs around them", async (t) => {
  t.same(pairs(null), []);
  t.same(pairs("a=1; b=2"), [
    ["a", "1"],
    ["b", "2"],
  ]);
  t.same(pairs("a=1,b=2 ;\tc = x=y "), [
    ["a", "1,b=2"],
    ["c", "x=y"],
  ]);
  t.same(pairs("a; =b;"), [
    ["", "a"],
    ["", "b"],
    ["", ""],
  ]);
  t.same(cookiesIn(" a = 1 ")[0], { name: "a", value: "1", written: "a = 1" });
});

t.test("what is a blank to JavaScript alone belongs to the name", async (t) => {
  for (const blank of ["\xa0", "\ufeff", "\u2000", "\v", "\f"]) {
    t.same(pairs(`${blank}a${blank}=${blank}1`), [[`${blank}a${blank}`, `${blank}1`]]);
  }
});
