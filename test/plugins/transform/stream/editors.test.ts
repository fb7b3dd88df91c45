import fc from "fast-check";
import t from "tap";
import type { Facts } from "../../../../plugins/transform/facts.ts";
import { jsonEdit } from "../../../../plugins/transform/json-edits.ts";
import { spliceOf } from "../../../../plugins/transform/splice.ts";
import { EventEditor } from "../../../../plugins/transform/stream/events.ts";
import { LineEditor } from "../../../../plugins/transform/stream/lines.ts";
import type { StreamPart } from "../../../../plugins/transform/stream/part.ts";
import { TextEditor, textsOf } from "../../../../plugins/transform/stream/texts.ts";

const settings = { key: "", depth: 32, expressions: { time: 1000, depth: 32, size: 1000 } };
const config = { op: "mask", path: "/**/secret", style: "whole" } as const;
const mask = jsonEdit(config, settings, []);
const rules = { edits: [mask], splice: null, facts: {} as Facts, mostDepth: 32, longest: 200, lets: false };
/** The same, done in the text. */
const inText = { ...rules, splice: spliceOf([config], settings) };

class Recording {
  readonly messages: string[] = [];
  warn(message: string): void {
    this.messages.push(message);
  }
}

async function pushed(part: StreamPart, texts: readonly string[], log = new Recording()): Promise<string> {
  let made = "";
  for (const [index, text] of texts.entries()) made += await part.push(text, index === texts.length - 1, log);
  return made;
}

/** A text in parts, cut anywhere. */
function parts(text: string, cuts: readonly number[]): string[] {
  const places = [
    0,
    ...cuts.map((cut) => cut % (text.length + 1)).sort((one, other) => one - other),
    text.length,
  ];
  return places.slice(1).map((place, index) => text.slice(places[index], place));
}

const cuts = fc.array(fc.nat({ max: 1000 }), { maxLength: 12 });

t.test("texts are replaced wherever a body is cut", async () => {
  const texts = fc.uniqueArray(
    fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }),
    { minLength: 1, maxLength: 4 },
  );
  const body = fc.string({ unit: fc.constantFrom("a", "b", "c", "d"), maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(texts, body, cuts, async (texts, body, cuts) => {
      const config = texts.map((find, index) => ({ find, put: `<${index}>` }));
      const longestFirst = [...config].sort((one, other) => other.find.length - one.find.length);
      const expected = body.replace(
        new RegExp(longestFirst.map(({ find }) => find).join("|"), "g"),
        (found) => config.find(({ find }) => find === found)!.put,
      );
      return (await pushed(new TextEditor(textsOf(config)!), parts(body, cuts))) === expected;
    }),
    { numRuns: 2000 },
  );
});

t.test("a text that is no pattern is looked for as it is, and what may begin one waits", async (t) => {
  const editor = new TextEditor(textsOf([{ find: "a.*[b]", put: "$&" }])!);
  t.equal(editor.push("x a.*", false), "x ");
  t.equal(editor.push("[b] a.b a.", false), "$& a.b ");
  t.equal(editor.push("", true), "a.");
  t.throws(
    () =>
      textsOf([
        { find: "a", put: "" },
        { find: "a", put: "b" },
      ]),
    { message: /twice/ },
  );
});

t.test("lines are edited wherever a body is cut, and keep how they end", async () => {
  const line = fc.constantFrom(
    '{"secret":1,"n":9007199254740993}',
    '{"a":[{"secret":"s"}]}',
    '{"a":"b"}',
    "",
    "12",
    "[DONE]",
  );
  const body = fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), { maxLength: 6 });
  const shown: Record<string, string> = {
    '{"secret":1,"n":9007199254740993}': '{"secret":"***","n":9007199254740993}',
    '{"a":[{"secret":"s"}]}': '{"a":[{"secret":"***"}]}',
  };
  await fc.assert(
    fc.asyncProperty(body, cuts, fc.boolean(), fc.boolean(), async (lines, cuts, isOpen, isInText) => {
      const write = (texts: readonly (readonly [string, string])[]) => {
        const whole = texts.map(([text, end]) => text + end).join("");
        return isOpen ? whole.replace(/\r?\n$/, "") : whole;
      };
      const expected = write(lines.map(([text, end]) => [shown[text] ?? text, end] as const));
      const editor = new LineEditor(isInText ? inText : rules);
      return (await pushed(editor, parts(write(lines), cuts))) === expected;
    }),
  );
});

t.test(
  "a line that cannot be edited is left out, or passes where that is wanted, and the log does not show it",
  async (t) => {
    const body = ['{"a":1}\n{"secret":\n{"b":', '2}\n{"secret":"x"'];
    const log = new Recording();
    t.equal(await pushed(new LineEditor(rules), body, log), '{"a":1}\n{"b":2}\n');
    t.same(log.messages, Array(2).fill("A part of a body was left out: it is no JSON"));
    t.equal(await pushed(new LineEditor({ ...rules, lets: true }), body), body.join(""));
  },
);

t.test("a line without an end is not kept, and what follows it is edited", async (t) => {
  const long = `{"secret":"${"x".repeat(150)}`;
  const body = [long, long, long, '"}\n{"secret":1,"n":""}\n'];
  const log = new Recording();
  t.equal(await pushed(new LineEditor(rules), body, log), '{"secret":"***","n":""}\n');
  t.same(log.messages, ["A part of a body was left out: it is too long"]);
  t.equal(
    await pushed(new LineEditor({ ...rules, lets: true }), body),
    `${long.repeat(3)}"}\n{"secret":"***","n":""}\n`,
  );
});

const events = [
  ['event: a\ndata: {"secret":1}\nid: 7\n\n', 'event: a\ndata: {"secret":"***"}\nid: 7\n\n'],
  ['data:{"secret":\ndata: "x"}\n\n', 'data: {"secret":"***"}\n\n'],
  [": ping\n\n", ": ping\n\n"],
  ["data: [DONE]\n\n", "data: [DONE]\n\n"],
  ['data:{"a":"b"}\n\n', 'data:{"a":"b"}\n\n'],
  ["event: x\n\n", "event: x\n\n"],
  ['data: {"secret":\n\n', ""],
] as const;

t.test("an event whose data has more than one line keeps them", async (t) => {
  const made = await pushed(new EventEditor(inText), ['data: {"n": 1e400,\ndata: "secret":\ndata: "x"}\n\n']);
  t.equal(made, 'data: {"n": 1e400,\ndata: "secret":\ndata: "***"}\n\n');
});

t.test("events are edited wherever a body is cut, however their lines end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...events), { maxLength: 5 }),
      cuts,
      fc.constantFrom("\n", "\r\n", "\r"),
      async (events, cuts, end) => {
        const body = events
          .map(([event]) => event)
          .join("")
          .replaceAll("\n", end);
        // A comment and the data beside it are one event: without the data only its end stays.
        const expected = events.map(([, shown]) => shown || "\n").join("");
        return (await pushed(new EventEditor(rules), parts(body, cuts))) === expected;
      },
    ),
  );
});

t.test("an event that does not end is not kept, and what follows it is edited", async (t) => {
  const line = `data: "${"x".repeat(90)}"\n`;
  const next = 'data: {"secret":1}\n\n';
  const log = new Recording();
  t.equal(
    await pushed(new EventEditor(rules), [line, line, line, line, "\n", next], log),
    'data: {"secret":"***"}\n\n',
  );
  t.same(log.messages, ["A part of a body was left out: an event is too long"]);
  const endless = Array.from({ length: 50 }, () => "x".repeat(100));
  t.equal(
    await pushed(new EventEditor(rules), ["data: ", ...endless, "\n\n", next]),
    'data: {"secret":"***"}\n\n',
  );
  t.equal(
    await pushed(new EventEditor({ ...rules, lets: true }), [line, line, line, line, "\n", next]),
    `${line.repeat(4)}\ndata: {"secret":"***"}\n\n`,
  );
});

t.test("a body of many parts takes a time that grows with its length", async (t) => {
  const begun = performance.now();
  const wide = { ...rules, longest: 10_000_000 };
  await pushed(
    new LineEditor(wide),
    Array.from({ length: 20_000 }, () => '"x'),
  );
  await pushed(
    new TextEditor(textsOf([{ find: `${"a".repeat(900)}b`, put: "" }])!),
    Array.from({ length: 300 }, () => "a".repeat(1000)),
  );
  t.ok(performance.now() - begun < 3000);
});
