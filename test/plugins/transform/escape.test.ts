import fc from "fast-check";
import t from "tap";
import { escapeForField, escapeForUrl } from "../../../plugins/transform/escape.ts";

const anyText = fc.string({ unit: "binary", maxLength: 40 });

t.test("escapeForField never ends a line, a quoted string or a part of a value", async () => {
  fc.assert(
    fc.property(anyText, (value) => {
      const quoted = escapeForField(value, false, true);
      const beside = escapeForField(value, false, false);
      const alone = escapeForField(value, true, false);
      return (
        /^(?:[\t\x20!#-[\]-~]|\\[\t\x20-\x7e])*$/.test(quoted) &&
        /^[!#-'*+\-./0-:=?-[\]-~]*$/.test(beside) &&
        /^[\t\x20-\x7e]*$/.test(alone)
      );
    }),
  );
});

t.test("escapeForUrl leaves nothing that separates, and what it escaped is read back", async (t) => {
  fc.assert(
    fc.property(anyText, (value) => {
      const escaped = escapeForUrl(value, false, false);
      return /^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$/.test(escaped) && decodeURIComponent(escaped) === value;
    }),
  );
  t.equal(escapeForUrl("\ud800", true, false), "%EF%BF%BD", "half of a character is none");
});
