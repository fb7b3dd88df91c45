import type { ValueCheck } from "./check.ts";

const headers: readonly ValueCheck[] = [
  {
    title: "Headers are sorted, in lower case and joined",
    code: `const h = new Headers([["X-B", " 1 "], ["a", "2"], ["x-b", "3"]]); return [...h];`,
    expected: [
      ["a", "2"],
      ["x-b", "1, 3"],
    ],
  },
  {
    title: "Headers come from records, lists and other Headers",
    code: `return [new Headers({ A: "1" }), new Headers([["a", "1"]]), new Headers(new Headers({ a: "1" }))].map((h) => h.get("A"));`,
    expected: ["1", "1", "1"],
  },
  {
    title: "Headers.set replaces, append adds, delete removes, get of none is null",
    code: `const h = new Headers({ a: "1" }); h.append("a", "2"); const both = h.get("a"); h.set("A", "3"); const set = h.get("a");
    h.delete("a"); return [both, set, h.get("a"), h.has("a")];`,
    expected: ["1, 2", "3", null, false],
  },
  {
    title: "Headers keep several set-cookie apart",
    code: `const h = new Headers(); h.append("Set-Cookie", "a=1"); h.append("set-cookie", "b=2");
    return [h.getSetCookie(), [...h].length, h.get("set-cookie")];`,
    expected: [["a=1", "b=2"], 2, "a=1, b=2"],
  },
  {
    title: "Headers refuse a name that is no token",
    code: `new Headers({ "a b": "1" });`,
    throws: "TypeError",
  },
  { title: "Headers refuse an empty name", code: `new Headers({ "": "1" });`, throws: "TypeError" },
  {
    title: "Headers refuse CR and LF in a value",
    code: String.raw`new Headers({ a: "1\r\nx: 2" });`,
    throws: "TypeError",
  },
  {
    title: "Headers refuse NUL in a value",
    code: String.raw`new Headers().set("a", "1\0");`,
    throws: "TypeError",
  },
  {
    title: "Headers refuse what is no byte",
    code: String.raw`new Headers().append("a", "\u0100");`,
    throws: "TypeError",
  },
  {
    title: "Headers take latin1 bytes and trim whitespace",
    code: String.raw`const h = new Headers({ a: "\t é \n" }); return h.get("a");`,
    expected: "é",
  },
  {
    title: "Headers go through forEach, keys and values",
    code: `const h = new Headers({ b: "2", a: "1" }); const seen = []; h.forEach((value, name) => seen.push(name + value));
    return [seen, [...h.keys()], [...h.values()]];`,
    expected: [
      ["a1", "b2"],
      ["a", "b"],
      ["1", "2"],
    ],
  },
];

const text: readonly ValueCheck[] = [
  {
    title: "TextEncoder writes UTF-8 and replaces lone surrogates",
    code: String.raw`return [...new TextEncoder().encode("aé€😀\ud800")];`,
    expected: [97, 195, 169, 226, 130, 172, 240, 159, 152, 128, 239, 191, 189],
  },
  {
    title: "TextEncoder.encodeInto stops at a whole character",
    code: `const into = new Uint8Array(4); const { read, written } = new TextEncoder().encodeInto("a€€", into); return [read, written, [...into]];`,
    expected: [2, 4, [97, 226, 130, 172]],
  },
  {
    title: "TextDecoder reads UTF-8, drops the BOM and replaces what is malformed",
    code: `return new TextDecoder().decode(new Uint8Array([239, 187, 191, 97, 255, 226, 130, 172]));`,
    expected: "a\ufffd€",
  },
  {
    title: "TextDecoder with fatal throws a TypeError",
    code: `new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255]));`,
    throws: "TypeError",
  },
  {
    title: "TextDecoder in a stream keeps half a character",
    code: `const d = new TextDecoder(); return d.decode(new Uint8Array([226, 130]), { stream: true }) + "|" + d.decode(new Uint8Array([172]));`,
    expected: "|€",
  },
  {
    title: "TextDecoder knows latin1 and UTF-16",
    code: `return [new TextDecoder("latin1").decode(new Uint8Array([233])), new TextDecoder("utf-16le").decode(new Uint8Array([97, 0]))];`,
    expected: ["é", "a"],
  },
  {
    title: "TextDecoder refuses an unknown label",
    code: `new TextDecoder("martian");`,
    throws: "RangeError",
  },
  {
    title: "Texts of every code unit cross the boundary",
    code: String.raw`let s = ""; for (let i = 0; i < 0x300; i++) s += String.fromCharCode(i); s += "\ud800x\udc00";
    await ctx.kv.set("units", s); return (await ctx.kv.get("units")) === s;`,
    expected: true,
  },
  {
    title: "btoa and atob are inverse",
    code: `return [btoa("\xff\x00a"), atob("/wBh").length, atob(" Y Q = = ")];`,
    expected: ["/wBh", 3, "a"],
  },
  { title: "btoa refuses what is no byte", code: `btoa("€");`, throws: "InvalidCharacterError" },
  { title: "atob refuses what is no base64", code: `atob("a");`, throws: "InvalidCharacterError" },
];

const clones: readonly ValueCheck[] = [
  {
    title: "structuredClone copies maps, sets, dates, errors and cycles",
    code: `const a = { m: new Map([[1, new Set([2])]]), d: new Date(5), e: new RangeError("x") }; a.self = a; const b = structuredClone(a);
    return [b !== a, b.self === b, [...b.m.get(1)], b.d.getTime(), b.e instanceof RangeError, b.e.message];`,
    expected: [true, true, [2], 5, true, "x"],
  },
  {
    title: "structuredClone copies bytes and their views",
    code: `const bytes = new Uint8Array([1, 2, 3]).subarray(1); const copy = structuredClone(bytes); copy[0] = 9; return [[...bytes], [...copy]];`,
    expected: [
      [2, 3],
      [9, 3],
    ],
  },
  {
    title: "structuredClone moves a buffer that is transferred",
    code: `const { buffer } = new Uint8Array(4); const moved = structuredClone(buffer, { transfer: [buffer] }); return [buffer.byteLength, moved.byteLength];`,
    expected: [0, 4],
  },
  {
    title: "structuredClone refuses functions",
    code: `structuredClone({ f() {} });`,
    throws: "DataCloneError",
  },
  {
    title: "structuredClone refuses symbols",
    code: `structuredClone(Symbol("x"));`,
    throws: "DataCloneError",
  },
  {
    title: "structuredClone keeps -0, NaN, bigints and holes",
    code: `const c = structuredClone([-0, NaN, 10n, , 1]); return [Object.is(c[0], -0), Number.isNaN(c[1]), String(c[2]), 3 in c, c.length];`,
    expected: [true, true, "10", false, 5],
  },
  {
    title: "DOMException has name, message and code, and is an Error",
    code: `const e = new DOMException("m", "AbortError"); return [e.name, e.message, e.code, e instanceof Error];`,
    expected: ["AbortError", "m", 20, true],
  },
  {
    title: "DOMException has the constants of its codes, which stay as they are",
    code: `const e = new DOMException("m", "DataCloneError");
    const isSet = Reflect.set(DOMException, "ABORT_ERR", 1);
    return [isSet, DOMException.ABORT_ERR, DOMException.INDEX_SIZE_ERR, e.code === e.DATA_CLONE_ERR];`,
    expected: [false, 20, 1, true],
  },
];

export const webChecks: readonly ValueCheck[] = [...headers, ...text, ...clones];
