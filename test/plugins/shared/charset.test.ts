import t from "tap";
import { isUtf8 } from "../../../plugins/shared/charset.ts";

t.test("a text is in UTF-8 where nothing says otherwise", async (t) => {
  for (const type of [
    "",
    "text/plain",
    "a/b; charset=utf-8",
    'a/b;CHARSET="UTF8"',
    "a/b; charset=us-ascii; x=y",
  ])
    t.ok(isUtf8(type), type);
  for (const type of [
    "a/b; charset=utf-16",
    "a/b;charset=latin1",
    'a/b; charset="utf\\-16"',
    "a/b; charset=",
  ])
    t.notOk(isUtf8(type), type);
});

t.test("attack: two charsets, of which readers take either", async (t) => {
  for (const second of ["; charset=utf-7", ";charset=IBM037", '; charset="utf-7"', "; charset*=utf-7''"])
    for (const first of ["; charset=utf-8", '; x="; charset=utf-8"'])
      t.notOk(isUtf8(`application/json${first}${second}`), first + second);
});
