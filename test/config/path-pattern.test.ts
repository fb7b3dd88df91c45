import t from "tap";
import { type PathInFile, parsePathMatch } from "../../core/config/path-pattern.ts";

t.test("a text is a prefix, or a template when it holds braces", async (t) => {
  t.same(parsePathMatch("/"), { kind: "prefix", value: "/" });
  t.same(parsePathMatch("/a/b"), { kind: "prefix", value: "/a/b" });
  t.same(parsePathMatch("/a/{id}"), { kind: "template", value: "/a/{id}" });
});

t.test("the kind can be named", async (t) => {
  t.same(parsePathMatch({ exact: "/a/" }), { kind: "exact", value: "/a/" });
  t.same(parsePathMatch({ exact: "/{a" }), { kind: "exact", value: "/{a" }, "braces are text there");
  t.same(parsePathMatch({ prefix: "/a" }), { kind: "prefix", value: "/a" });
  t.same(parsePathMatch({ template: "/{a}/{b}" }), { kind: "template", value: "/{a}/{b}" });
});

t.test("a slash at the end of a prefix changes nothing, unless the segment before it is empty", async (t) => {
  t.same(parsePathMatch("/a/"), { kind: "prefix", value: "/a" });
  t.same(parsePathMatch("//"), { kind: "prefix", value: "//" });
});

t.test("what a canonical request path may hold is taken as it is", async (t) => {
  for (const value of ["/a;b=c", "/%2F", "/%C3%A9", "/a[1]|^`", "/~a-b._c", "/:@!$&'()*+,="]) {
    t.same(parsePathMatch(value), { kind: "prefix", value }, value);
  }
});

const faults: readonly (readonly [path: PathInFile, fault: string])[] = [
  ["", "a path that starts with /"],
  ["a", "a path that starts with /"],
  ["/a?b", "a path without query or fragment"],
  ["/a/./b", "a path without . and .. segments"],
  ["/..", "a path without . and .. segments"],
  ["/a b", "the escaped form /a%20b"],
  ["/%zz", "the escaped form /%25zz"],
  ["/é\ud800", "the escaped form /%C3%A9%EF%BF%BD"],
  ["/%2f", "the escaped form /%2F"],
  ["/%7E", "~ instead of %7E"],
  ["/%2E%2E", ". instead of %2E"],
  ["/{", 'a closing brace in "{"'],
  ["/a}", 'an opening brace in "a}"'],
  ["/{}", 'a whole segment such as {id} instead of "{}"'],
  ["/{a}{b}", 'a whole segment such as {id} instead of "{a}{b}"'],
  ["/{a b}", "the escaped form /{a%20b}"],
  ["/{a}/{a}", "each name once in a template, not {a} again"],
  [{ template: "/a" }, "at least one {name} in a template"],
];

for (const [path, fault] of faults) {
  t.test(`${JSON.stringify(path)} is refused`, async (t) => {
    t.same(parsePathMatch(path), { fault });
  });
}
