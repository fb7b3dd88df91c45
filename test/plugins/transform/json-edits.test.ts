import fc from "fast-check";
import t, { type Test } from "tap";
import type { Facts } from "../../../plugins/transform/facts.ts";
import { jsonEdit } from "../../../plugins/transform/json-edits.ts";
import { type Json, parseJson, writeJson } from "../../../plugins/transform/json-value.ts";

const nobody = { identity: null } as Facts;
type Edit = Omit<Parameters<typeof jsonEdit>[0], "style"> & { style?: "whole" | "last4" | "hash" };

const settings = { key: "k", depth: 64, expressions: { time: 100, depth: 64, size: 1000 } };

function edited(text: string, edit: Edit): string {
  return writeJson(jsonEdit({ style: "whole", ...edit }, settings, [])(parseJson(text, 64), nobody) as Json);
}

function becomes(t: Test, edit: Edit, before: string, after: string): void {
  t.equal(edited(before, edit), after, JSON.stringify(edit));
}

t.test("each verb does what it says, where its path leads", async (t) => {
  becomes(t, { op: "remove", path: "/a/*/b" }, '{"a":[{"b":1,"c":2},{"b":3}]}', '{"a":[{"c":2},{}]}');
  becomes(t, { op: "remove", path: "/*" }, "[1,2,3]", "[]");
  becomes(t, { op: "remove", path: "/a~1b/m~0n" }, '{"a/b":{"m~n":1}}', '{"a/b":{}}');
  becomes(t, { op: "rename", path: "/a", to: "c" }, '{"a":1,"b":2,"c":3}', '{"c":1,"b":2}');
  becomes(t, { op: "move", path: "/a", to: "/b/-" }, '{"a":1,"b":[0]}', '{"b":[0,1]}');
  becomes(t, { op: "move", path: "/a", to: "/x/y" }, '{"a":1}', '{"a":1}');
  becomes(t, { op: "move", path: "/a", to: "/a/b" }, '{"a":{}}', '{"a":{}}');
  becomes(t, { op: "set", path: "/a", value: { b: [1] } }, "{}", '{"a":{"b":[1]}}');
  becomes(t, { op: "set", path: "/5", value: 1 }, "[0]", "[0]");
  becomes(t, { op: "set", path: "/a", value: "{identity.subject}" }, '{"a":"root"}', "{}");
  becomes(
    t,
    { op: "only", paths: ["/a/*/b", "/c"] },
    '{"a":[{"b":1,"x":2}],"c":{"d":1},"e":1}',
    '{"a":[{"b":1}],"c":{"d":1}}',
  );
  becomes(t, { op: "mask", path: "/a" }, '{"a":{"b":1}}', '{"a":"***"}');
  becomes(t, { op: "mask", path: "/a", style: "last4" }, '{"a":123456789012}', '{"a":"***9012"}');
  becomes(t, { op: "mask", path: "/a", style: "last4" }, '{"a":"12345678901"}', '{"a":"***"}');
});

t.test("__proto__ is a name like any other, and no prototype", async (t) => {
  becomes(t, { op: "set", path: "/__proto__/isAdmin", value: true }, '{"a":{}}', '{"a":{}}');
  becomes(t, { op: "move", path: "/a", to: "/constructor" }, '{"a":1}', '{"constructor":1}');
  becomes(t, { op: "set", path: "/__proto__", value: 1 }, "{}", '{"__proto__":1}');
  t.notOk("isAdmin" in {});
});

t.test("a mask at any depth leaves nothing of what it names", async () => {
  const secret = fc.constantFrom("secret");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.integer(),
      fc.string(),
      fc.array(tie("tree"), { maxLength: 3 }),
      tie("object"),
    ),
    object: fc.dictionary(fc.oneof(secret, fc.string()), tie("tree"), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      let isMasked = true;
      JSON.parse(edited(JSON.stringify(value), { op: "mask", path: "/**/secret" }), (name, found) => {
        if (name === "secret" && found !== "***") isMasked = false;
      });
      return isMasked;
    }),
  );
});

t.test("a pattern masks what it finds in texts, and whole numbers", async (t) => {
  const card = { op: "mask", path: "/**/*", pattern: "[0-9]{13,16}", style: "last4" } as const;
  becomes(
    t,
    card,
    '{"a":"card 4111111111111111, 5500000000000004.","b":[4111111111111111,12],"c":"12"}',
    '{"a":"card ***1111, ***0004.","b":["***1111",12],"c":"12"}',
  );
  becomes(t, { op: "mask", path: "/a", pattern: "x*" }, '{"a":"axxb"}', '{"a":"a***b"}');
  t.throws(() => edited("{}", { op: "mask", path: "/a", pattern: "(?=a)" }), { message: /not supported/ });
});

t.test("catastrophic backtracking: a mask's pattern takes no time, or is stopped", async (t) => {
  const begun = performance.now();
  const text = "a".repeat(100_000);
  becomes(
    t,
    { op: "mask", path: "/a", pattern: "(a+)+b" },
    `{"a":"${text.slice(0, 20_000)}"}`,
    `{"a":"${text.slice(0, 20_000)}"}`,
  );
  t.throws(() => edited(`{"a":"${text}"}`, { op: "mask", path: "/a", pattern: "(?:a?){50}b" }), {
    message: "the pattern takes too much",
  });
  t.throws(() => edited(`{"a":"${text}"}`, { op: "mask", path: "/a", pattern: "a.*b|a" }), {
    message: "the pattern takes too much",
  });
  const texts = JSON.stringify(Array.from({ length: 500 }, () => "a".repeat(2000)));
  t.throws(() => edited(texts, { op: "mask", path: "/*", pattern: "a.*b|a" }), {
    message: "the pattern takes too much",
  });
  t.ok(performance.now() - begun < 4000);
});
