/** The guest has the host function and answers the host itself: what crosses is all its own. */
import { messageNumber } from "../../sdk/runtime/message.ts";
import { type Attack, inlineHasNoWall } from "./attack.ts";

const contained = { statuses: [200, 500, 503], seized: true, exempt: { inline: inlineHasNoWall } } as const;

/** Answers to the message of `onRequest`, as text of an outcome. */
const outcomes: Readonly<Record<string, string>> = {
  "nothing at all": `""`,
  "a kind that there is not": `"z"`,
  "edits without numbers": `"e\\n"`,
  "edits that are longer than they are": `"e999 a {}\\nx"`,
  "a method that is an object": `edit({ method: { toString: 1, valueOf: 1 } })`,
  "a URL that is an object": `edit({ url: { toString: null } })`,
  "a cluster that has no text": `edit({ cluster: { toString: 1 } })`,
  "an endpoint that has no text": `edit({ endpoint: { toString: 1 } })`,
  "a body that is an object": `edit({ body: { toString: 1 } })`,
  "a cluster that is nested deeply": `'e0  {"cluster":' + "[".repeat(1e5) + "]".repeat(1e5) + "}\\n"`,
  "a method that is nested deeply": `'e0  {"method":' + "[".repeat(1e5) + "]".repeat(1e5) + "}\\n"`,
  "an identity of objects in each other": `identity(5_000)`,
  "an identity as deep as it may be long": `identity(80_000)`,
  "edits that are a list": `"e0  [1,2]\\n"`,
  "edits that are null": `"e0  null\\n"`,
  "edits with a prototype": `'e0  {"__proto__":{"method":"X","url":1}}\\n'`,
  "a status of a request": `edit({ status: 700, reason: "a\\r\\nb" })`,
  "a fault that is null": `json("f", null)`,
  "a fault that is a number": `json("f", 1)`,
  "a fault whose message has no text": `json("f", { name: 1, message: { toString: 1 }, stack: [] })`,
  "a fault that is nested deeply": `"f200013\\n" + '{"message":' + "[".repeat(1e5) + "]".repeat(1e5) + "}" + " "`,
  "a chunk where a head was": `"b3 1\\nabc"`,
  "a manifest where a head was": `json("j", {})`,
  "a reply with status 100": `"r0 -1 100 x\\n"`,
  "a reply with status 0": `"r0 -1 0 \\n"`,
  "a reply with a body of minus one byte": `"r0 -5 200 x\\n"`,
  "a reply with a streamed body that never comes": `"r0 -3 200 x\\n"`,
  "a reply with bytes that were not given": `"r0 -2 200 x\\n"`,
  "a reply that is longer than itself": `"r0 999999999 200 x\\nabc"`,
  "pending, and nothing more": `"p"`,
};

const answering = Object.entries(outcomes).map(
  ([what, outcome]): Attack => ({
    ...contained,
    title: `a guest answers with ${what}`,
    plugin: answer(`return ${outcome};`),
    limits: { wall: 80 },
  }),
);

/** What a guest does with the host function when it is asked for the first time. */
const deliveries: Readonly<Record<string, string>> = {
  "delivers one outcome twice": `deliver("c"); deliver("c"); return "p"`,
  "delivers an outcome that is pending": `deliver("p"); return "p"`,
  "delivers and answers": `deliver("c"); return "c"`,
  "delivers under numbers that there are not": `for (const n of [-1, 0, 1e9, 0.5, NaN, Infinity, "", "0x1", number + 1, number + 63, number + 64, number + 65]) hostCall(1, slot, n + " c"); return "c"`,
  "delivers without a number": `for (const text of ["c", "1", number + "c", "Qc"]) hostCall(1, slot, text); return "c"`,
  "delivers for exchanges that there are not": `for (const n of [-1, 1e9, 0.5, NaN, Infinity, 7]) hostCall(1, n, number + " c"); return "c"`,
  "delivers what is no outcome": `deliver(""); return "p"`,
  "delivers nothing": `hostCall(1, slot, ""); return "p"`,
  "delivers edits with a value that has no text": `deliver('e0  {"cluster":{"toString":1}}\\n'); return "p"`,
  "delivers ten thousand outcomes": `for (let i = 0; i < 10000; i++) deliver("c"); return "p"`,
  "delivers under ten thousand numbers": `for (let i = 0; i < 10000; i++) hostCall(1, slot, i + " c"); return "c"`,
  "reads the body of an exchange that there is not": `for (const n of ["-1", "NaN", "", "1e9", "99"]) hostCall(60, ++id, "q " + n + " text"); return "c"`,
  "reads the body of a response before there is one": `for (const form of ["text", "bytes"]) hostCall(60, ++id, "s " + slot + " " + form); return "c"`,
  "reads one body a hundred times": `for (let i = 0; i < 100; i++) hostCall(60, ++id, "q " + slot + " text"); return "c"`,
  "reads a body with a request of a megabyte": `hostCall(60, ++id, " ".repeat(1e6)); return "c"`,
  "asks for operations that there are not": `for (let op = -5; op < 200; op++) if (op !== 1) hostCall(op, 0, "x"); return "c"`,
  "asks for operations by odd numbers": `for (const op of [NaN, Infinity, 1.5, -0, 2 ** 53]) hostCall(op, ++id, "x"); return "c"`,
  "gives every operation nonsense": `for (const op of [2,3,4,5,6,7,10,11,12,13,20,21,22,23,24,25,26,27,28,40,41,42,50,51,52,53,60])
      for (const text of ["", "null", "{}", "[]", "0:", ":", "1:", '{"a":' , "\\0", "\\ud800", "[null,null,null]", "[{},{},{}]", '{"level":{},"message":{"toString":1}}'])
        for (const bytes of [undefined, new Uint8Array(0), new Uint8Array(9)]) { hostCall(op, 0, text, bytes); hostCall(op, ++id, text, bytes); }
      return "c"`,
  "cancels what there is not": `for (const n of [-1, 0, NaN, 1e9]) hostCall(7, n, ""); return "c"`,
  "completes one number many times": `for (let i = 0; i < 5000; i++) hostCall(6, 1, "1"); return "c"`,
  "gives numbers that are none": `for (const n of [NaN, -1, Infinity, 0.5]) hostCall(6, n, "1"); return "c"`,
};

/** Deliveries that are as they should be, or come too often: that they are taken shows that the others were tried. */
const isHeard = new Set([
  "delivers one outcome twice",
  "delivers and answers",
  "delivers under numbers that there are not",
  "delivers without a number",
  "delivers for exchanges that there are not",
  "delivers ten thousand outcomes",
  "delivers under ten thousand numbers",
]);

const delivering = Object.entries(deliveries).map(
  ([what, code]): Attack => ({
    ...contained,
    title: `a guest ${what}`,
    plugin: answer(code),
    ...(isHeard.has(what) && { statuses: [200], body: "upstream" }),
    limits: { wall: 80, cpu: 500 },
    delay: 900,
  }),
);

export const seizedAttacks: readonly Attack[] = [...answering, ...delivering];

/** A plugin that answers messages of requests itself, all but the first, for which it learns the form. */
function answer(code: string): string {
  return `capabilities: { identity: true },
    onRequest() { return new Response("calm"); },
    setup() {
      let id = 1e6;
      let number = 1;
      const { hostCall } = globalThis as any;
      const json = (kind, value) => { const text = JSON.stringify(value); return kind + text.length + "\\n" + text; };
      const edit = (edits) => "e0  " + JSON.stringify(edits) + "\\n";
      const identity = (depth) =>
        'e0  {"identity":{"subject":"s","method":"m","scopes":[],"groups":[],"claims":' + '{"0":'.repeat(depth) + "1" + "}".repeat(depth) + "}}\\n";
      (globalThis as any).takeOver = (text, bytes, usual) => {
        if (text[0] !== "Q" || text.includes("/calm")) return usual(text, bytes);
        const slot = Math.floor(Number(text.split("\\x01")[1]) / ${messageNumber(1, 0)});
        const deliver = (outcome) => hostCall(1, slot, number + " " + outcome);
        const answered = (() => { ${code} })();
        if (answered === "p") number++;
        return answered;
      };
    },`;
}
