import t from "tap";
import { targetedDirectives } from "../../../../plugins/cache/directives/targeted-directives.ts";

const read = (value: string) => {
  const directives = targetedDirectives(value);
  return directives && Object.fromEntries(directives);
};

t.test("a targeted field is a dictionary of directives", async (t) => {
  t.same(read("max-age=60, must-revalidate, foo=bar;x=1"), {
    "max-age": ["60"],
    "must-revalidate": [null],
    foo: [null],
  });
  t.same(read("max-age=99999999999"), { "max-age": ["99999999999"] });
  t.same(read('private="a", no-cache=(b)'), { private: [null], "no-cache": [null] }, "the strictest form");
});

t.test("a directive may be switched off", async (t) => {
  t.same(read("no-store=?0, max-age=1"), { "max-age": ["1"] });
});

t.test("a field that is empty, malformed or of wrong types counts as absent", async (t) => {
  const values = [
    "",
    " ",
    "max-age",
    "max-age=?0",
    "max-age=?1",
    "max-age=1.5",
    'max-age="60"',
    "s-maxage=x",
    "no-store=1",
    "public=a",
    "MAX-AGE=60",
    "max-age =60",
    "max-age=60,",
    "max-age=60, &",
  ];
  for (const value of values) t.equal(read(value), null, value);
});

t.test("seconds below zero are there, and no number of seconds", async (t) => {
  t.same(read("max-age=-1"), { "max-age": ["-1"] });
});
