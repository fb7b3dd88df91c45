import fc from "fast-check";
import t, { type Test } from "tap";
import type { Facts } from "../../../plugins/transform/facts.ts";
import { type JsonEditConfig, jsonEdit } from "../../../plugins/transform/json-edits.ts";
import { type Json, parseJson, writeJson } from "../../../plugins/transform/json-value.ts";
import { spliceOf } from "../../../plugins/transform/splice.ts";

const facts = { identity: null, requestId: 'a"b' } as Facts;
const settings = { key: "k", depth: 16, expressions: { time: 100, depth: 16, size: 1000 } };

type Edit = Omit<JsonEditConfig, "style"> & { style?: JsonEditConfig["style"] };

function configs(edits: readonly Edit[]): JsonEditConfig[] {
  return edits.map((edit) => ({ style: "whole", ...edit }));
}

function spliced(text: string, ...edits: Edit[]): string | null {
  return spliceOf(configs(edits), settings)!(text, facts, 16);
}

/** By a document that is read, edited and written. */
function written(text: string, edits: readonly Edit[]): string {
  let document = parseJson(text, 16);
  for (const config of configs(edits)) document = jsonEdit(config, settings, [])(document, facts) as Json;
  return writeJson(document);
}

/** Few names, so that edits meet what is there. */
const names = fc.constantFrom("a", "b", "c", "é", "__proto__", "");
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("1", "-0", "9007199254740993", "1e400", "true", "null", '"x"', '"\\u00e9\\"}"', '"é,"'),
    fc
      .tuple(fc.constantFrom("", " ", "\n  "), fc.array(tie("value"), { maxLength: 3 }))
      .map(([blank, items]) => `[${blank}${items.join(`,${blank}`)}${blank}]`),
    tie("object"),
  ),
  object: fc
    .tuple(
      fc.constantFrom("", " ", "\n  "),
      fc.uniqueArray(fc.tuple(names, tie("value")), { maxLength: 5, selector: ([name]) => name }),
    )
    .map(
      ([blank, members]) =>
        `{${members.map(([name, item]) => `${blank}${JSON.stringify(name)}${blank}:${blank}${item}`).join(`${blank},`)}${blank}}`,
    ),
}));
const segment = fc.oneof({ weight: 4, arbitrary: names }, fc.constantFrom("*", "0", "-"));
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `/${segments.join("/")}`);
const deepPath = fc
  .tuple(fc.array(segment, { maxLength: 1 }), segment)
  .map(([before, last]) => `/${[...before, "**", last].join("/")}`);
const anyPath = fc.oneof({ weight: 2, arbitrary: path }, deepPath);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  anyPath.map((path) => ({ op: "remove", path }) as const),
  fc.record({ op: fc.constant("rename" as const), path: anyPath, to: names }),
  fc.record({
    op: fc.constant("set" as const),
    path,
    value: fc.constantFrom(true, 1, { n: [1] }, "{request-id}", "{identity.subject}"),
  }),
  fc.record({
    op: fc.constant("mask" as const),
    path: anyPath,
    style: fc.constantFrom("whole" as const, "last4" as const, "hash" as const),
  }),
);

t.test("edits in the text come to what edits of the document come to", async (t) => {
  let done = 0;
  fc.assert(
    fc.property(value, fc.array(edit, { minLength: 1, maxLength: 4 }), (text, edits) => {
      const splice = spliceOf(configs(edits), settings);
      const made = splice?.(text as string, facts, 16) ?? null;
      if (made === null) return true;
      done++;
      return writeJson(parseJson(made, 16)) === written(text as string, edits);
    }),
    { numRuns: 10_000 },
  );
  t.ok(done > 2000, `${done} were done in the text`);
});

t.test("what no edit is about stays byte for byte", async (t) => {
  const text =
    '{ "stock" : 7.0,\n\t"inner":{"x": [ 1e400 , "\\u0061\\/" ],"y":-0 },"name"\n:"n" , "id":9007199254740993 }';
  const made = spliced(
    text,
    { op: "remove", path: "/stock" },
    { op: "rename", path: "/name", to: "title" },
    { op: "set", path: "/seen", value: true },
    { op: "mask", path: "/inner/y" },
  );
  t.equal(
    made,
    '{ "inner":{"x": [ 1e400 , "\\u0061\\/" ],"y":"***" },"title"\n:"n" , "id":9007199254740993,"seen":true }',
  );
  t.equal(spliced(text, { op: "remove", path: "/none" }), text);
});

t.test("members go with their comma, wherever they stand", async (t) => {
  const removed = (text: string, ...names: string[]) =>
    spliced(text, ...names.map((name) => ({ op: "remove", path: `/${name}` }) as const));
  t.equal(removed('{"a":1,"b":2,"c":3}', "a"), '{"b":2,"c":3}');
  t.equal(removed('{"a":1,"b":2,"c":3}', "b"), '{"a":1,"c":3}');
  t.equal(removed('{"a":1,"b":2,"c":3}', "c"), '{"a":1,"b":2}');
  t.equal(removed('{"a":1,"b":2,"c":3}', "a", "b"), '{"c":3}');
  t.equal(removed('{"a":1,"b":2,"c":3}', "b", "c"), '{"a":1}');
  t.equal(removed('{"a":1,"b":2,"c":3}', "a", "c"), '{"b":2}');
  t.equal(removed('{ "a":1 }', "a"), "{ }");
});

t.test("a value is put behind the others, or alone", async (t) => {
  const set = (text: string) =>
    spliced(text, { op: "set", path: "/a", value: "{request-id}" }, { op: "set", path: "/b", value: null });
  t.equal(set("{}"), '{"a":"a\\"b","b":null}');
  t.equal(set('{ "c": 1 }'), '{ "c": 1,"a":"a\\"b","b":null }');
  t.equal(set('{"b":[1],"a":{}}'), '{"b":null,"a":"a\\"b"}');
  t.equal(spliced('{"a":1}', { op: "set", path: "/a", value: "{identity.subject}" }), "{}");
  t.equal(spliced('{"a":1}', { op: "remove", path: "/a" }, { op: "set", path: "/b", value: 1 }), '{"b":1}');
});

/** Documents whose text alone does not say what an edit is to do. */
function declines(t: Test, text: string, ...edits: Edit[]): void {
  t.equal(spliced(text, ...edits), null, text);
}

t.test("a name that is there twice, or in disguise, is not overlooked", async (t) => {
  const mask: Edit = { op: "mask", path: "/a" };
  declines(t, '{"a":1,"a":2}', mask);
  declines(t, '{"a":1,"\\u0061":2}', mask);
  declines(t, '{"x":{"b":1,"b":2},"a":1}', mask);
  declines(t, '{"x":[{"b":1,"\\u0062":2}],"a":1}', mask);
  const many = Array.from({ length: 100 }, (_, i) => `"n${i}":{"n0":1}`).join();
  t.type(spliced(`{${many}}`, mask), "string");
  declines(t, `{${many},"n99":1}`, mask);
  declines(t, `{${many},"x":{${many},"n3":1}}`, mask);
  declines(t, '{"a":1,"b":2}', { op: "rename", path: "/a", to: "b" });
});

t.test("what is no JSON, too deep, or led to by an index is left to others", async (t) => {
  const mask: Edit = { op: "mask", path: "/a/0" };
  for (const text of [
    "",
    "[]",
    "tru",
    '{"a":',
    '{"a":1,}',
    '{"a":1}}',
    '{"a":01}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":[1,]}',
  ])
    for (const path of ["/a/0", "/b"]) declines(t, text, { op: "mask", path });
  declines(t, '{"a":[1,]}', { op: "remove", path: "/a/*" });
  declines(t, '{"a":[1}', { op: "remove", path: "/**/*" });
  declines(t, '{"a":[1]}', mask);
  t.equal(spliced(`{"b":${"[".repeat(15)}${"]".repeat(15)}}`, mask)?.length, 36);
  declines(t, `{"b":${"[".repeat(16)}${"]".repeat(16)}}`, mask);
});

t.test("edits that lead anywhere are done in objects and lists", async (t) => {
  const text = '{"a":[ {"p":1 , "x":"y"},{"p":{"p":2}} ,[3 ]],"p":"4"}';
  t.equal(
    spliced(text, { op: "mask", path: "/**/p" }),
    '{"a":[ {"p":"***" , "x":"y"},{"p":"***"} ,[3 ]],"p":"***"}',
  );
  t.equal(spliced(text, { op: "remove", path: "/**/p" }), '{"a":[ {"x":"y"},{} ,[3 ]]}');
  t.equal(
    spliced(text, { op: "rename", path: "/**/p", to: "q" }),
    '{"a":[ {"q":1 , "x":"y"},{"q":{"q":2}} ,[3 ]],"q":"4"}',
  );
  t.equal(spliced(text, { op: "remove", path: "/a/*" }), '{"a":[ ],"p":"4"}');
  t.equal(spliced('{"a":[{},{"n":1}]}', { op: "set", path: "/a/*/n", value: 2 }), '{"a":[{"n":2},{"n":2}]}');
  declines(t, text, { op: "mask", path: "/**/p", style: "hash" });
});

t.test("edits whose order counts are done one after the other, and not too many", async (t) => {
  const steps: Edit[] = [
    { op: "rename", path: "/a", to: "b" },
    { op: "rename", path: "/b", to: "c" },
    { op: "set", path: "/c/d", value: "x" },
    { op: "mask", path: "/c" },
  ];
  t.equal(spliced('{ "a":{} }', ...steps), '{ "c":"***" }');
  t.equal(spliceOf(configs([...steps, { op: "remove", path: "/c" }]), settings), null);
});

t.test("edits that need the document are not done in the text", async (t) => {
  const none = (...edits: Edit[]) => t.equal(spliceOf(configs(edits), settings), null, JSON.stringify(edits));
  none();
  none({ op: "rename", path: "/a", to: "a" });
  none({ op: "rename", path: "/*", to: "a" });
  none({ op: "mask", path: "/**/a/b" });
  none({ op: "mask", path: "/**/0" });
  none({ op: "only", paths: ["/a"] });
  none({ op: "move", path: "/a", to: "/b" });
  none({ op: "mask", path: "/a", pattern: "x" });
});
