import fc from "fast-check";
import t from "tap";
import { createQuickJsEngine } from "../../../core/sandbox/quickjs/engine.ts";
import { tinyOptions } from "./tiny-runtime.ts";

const engine = createQuickJsEngine();

const texts = {
  "an empty text": "",
  ASCII: "GET / HTTP/1.1\r\nhost: example.com\r\n\r\n",
  latin1: "name=J\u00fcrgen\u00ff\u0080",
  "a byte order mark": "\ufeffa\ufeff",
  "a NUL at each place": "\0a\0\u20ac\0",
  "characters beyond the BMP": "\u{1d11e}x\u{10ffff}",
  "lone surrogates": "\ud800a\udc00\udc00\ud800\udfff\udbff",
  "replacement characters": "\ufffd\ufffda",
  "a lone surrogate before a NUL": "\ud800\0a",
  "a text at the end of the block that is used again": "a".repeat(21_845),
  "a text beyond it": "\u20ac".repeat(21_846),
  "5 MB": "0123456789".repeat(500_000),
  "5 MB of anything": `\0\u00e9\ud800${"\u{1d11e}\u20ac"}`.repeat(900_000),
};

t.test("texts come into the guest and out of it unit by unit", async (t) => {
  const guest = await engine.create(tinyOptions("() => (text) => text", { cpuMs: 2000, memory: 128 }));
  for (const [name, text] of Object.entries(texts)) t.ok(guest.dispatch(text) === text, name);
});

t.test("a text that passes a host call is the same on the other side", async (t) => {
  let heard = "";
  const host = (_op: number, _id: number, text: string) => {
    heard = text;
    return text;
  };
  const guest = await engine.create(tinyOptions("({ host }) => host", { host, cpuMs: 2000, memory: 128 }));
  for (const [name, text] of Object.entries(texts)) {
    t.ok(guest.dispatch(text) === text, name);
    t.ok(heard === text, `${name}, as the host heard it`);
  }
});

t.test("the guest sees the units that the host sent", async (t) => {
  const units = "() => (text) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).join()";
  const guest = await engine.create(tinyOptions(units));
  for (const [name, text] of Object.entries(texts)) {
    if (text.length > 20) continue;
    const sent = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).join();
    t.equal(guest.dispatch(text), sent, name);
  }
});

t.test("the guest sends the units that it made", async () => {
  const make = "() => (text) => String.fromCharCode(...text.split(',').map(Number))";
  const guest = await engine.create(tinyOptions(make));
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.constantFrom(0, 0x7f, 0x80, 0xff, 0x7ff, 0x800, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfeff, 0xfffd),
  );
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 40 }), (units) => {
      return guest.dispatch(units.join()) === String.fromCharCode(...units);
    }),
    { numRuns: 1000 },
  );
});

t.test("a text made of many pieces comes whole", async (t) => {
  const guest = await engine.create(
    tinyOptions(
      '() => () => { let all = ""; for (let n = 0; n < 20000; n++) all += "\\u20ac" + n; return all; }',
    ),
  );
  let all = "";
  for (let n = 0; n < 20000; n++) all += `\u20ac${n}`;
  t.ok(guest.dispatch("") === all);
});
