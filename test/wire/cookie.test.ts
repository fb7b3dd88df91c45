import t from "tap";
import { readCookie } from "../../core/wire/cookie.ts";
import { fieldValue } from "../../core/wire/head.ts";

t.test("readCookie finds the value wherever the cookie stands", async (t) => {
  t.equal(readCookie("a=1", "a"), "1");
  t.equal(readCookie("a=1; b=2; c=3", "b"), "2");
  t.equal(readCookie("a=1;b=2", "b"), "2");
  t.equal(readCookie("a=1; \t b=2 ; c=3", "b"), "2");
  t.equal(readCookie("a=", "a"), "");
  t.equal(readCookie("a=x=y==", "a"), "x=y==");
});

t.test("readCookie takes no other cookie for it", async (t) => {
  for (const field of ["", ";", "; ;", "a", "a; b", "xa=1", "ax=1", "A=1", "b=a=1", 'b="x', "=a", "b=1;a"]) {
    t.equal(readCookie(field, "a"), null, JSON.stringify(field));
  }
});

t.test("readCookie takes the first of several and the text between quotes", async (t) => {
  t.equal(readCookie("a=1; a=2", "a"), "1");
  t.equal(readCookie('a="1 2"; b=3', "a"), "1 2");
  t.equal(readCookie('a="', "a"), '"');
  t.equal(readCookie('a=""', "a"), "");
});

t.test("a cookie of a second field is found as policies find it, and a comma makes none", async (t) => {
  const lines = "Cookie: a=1,b=2\r\nX-A: x\r\ncookie: c=3\r\nX-A: y\r\n";
  const field = fieldValue(lines, 0, lines.length, "cookie")!;
  t.equal(readCookie(field, "c"), "3");
  t.equal(readCookie(field, "a"), "1,b=2");
  t.equal(readCookie(field, "b"), null);
  t.equal(fieldValue(lines, 0, lines.length, "x-a"), "x, y");
});
