import t from "tap";
import { createQuickJsEngine } from "../../../core/sandbox/quickjs/engine.ts";
import { tinyOptions } from "./tiny-runtime.ts";

const engine = createQuickJsEngine();

async function inGuest(body: string, host = () => "=") {
  const guest = await engine.create(
    tinyOptions(`({ host, realm }) => (text, bytes) => { ${body} }`, { cpuMs: 2000, host }),
  );
  return guest.dispatch("", new Uint8Array(4));
}

const names = `
  AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
  Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Iterator JSON Map
  Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol
  SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet
  decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat
  parseInt undefined unescape`;

t.test("a guest begins with the globals of ECMAScript and no others", async (t) => {
  const found = await inGuest("return Object.getOwnPropertyNames(globalThis).sort().join(' ');");
  t.equal(found, names.trim().split(/\s+/).sort().join(" "));
});

t.test("the realm is the guest's own", async (t) => {
  t.equal(await inGuest("return realm;"), "own");
});

t.test("buffers cannot be shared or resized, by no way to their constructor", async (t) => {
  const body = `
    const wild = { maxByteLength: 64 };
    class Mine extends ArrayBuffer {}
    const buffers = [
      new ArrayBuffer(8, wild),
      Reflect.construct(ArrayBuffer, [8, wild]),
      new (new Uint8Array(1).buffer.constructor)(8, wild),
      new (Object.getPrototypeOf(new ArrayBuffer(1)).constructor)(8, wild),
      new (ArrayBuffer[Symbol.species])(8, wild),
      new Mine(8, wild),
      new Uint8Array(new ArrayBuffer(8, wild)).buffer,
      bytes.buffer,
    ];
    const own = (object) => Object.getOwnPropertyNames(object).join();
    return [
      buffers.some((buffer) => buffer.resizable !== undefined || buffer.resize !== undefined),
      buffers[5] instanceof Mine && buffers[5] instanceof ArrayBuffer && buffers[5].byteLength,
      buffers[0].constructor === ArrayBuffer && ArrayBuffer.isView(bytes) && new ArrayBuffer(3).slice(1).byteLength,
      /shared|atomics/i.test(own(globalThis)),
    ].join(" ");`;
  t.equal(await inGuest(body), "false 8 2 false");
});

t.test("nothing that a guest can reach is the host function", async (t) => {
  const body = `
    const seen = new Set();
    const suspects = [];
    const visit = (value, depth) => {
      if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
      seen.add(value);
      if (typeof value === "function" && value.name === "host" && value !== host) suspects.push(value);
      for (const key of Reflect.ownKeys(value)) {
        const { get, set, value: held } = Reflect.getOwnPropertyDescriptor(value, key);
        visit(get); visit(set); visit(held);
      }
      visit(Reflect.getPrototypeOf(value));
    };
    visit(globalThis); visit(host); visit(realm); visit(bytes);
    try { null.x } catch (error) { visit(error); }
    return suspects.length + " of " + (seen.size > 500);`;
  t.equal(await inGuest(body), "0 of true");
});

t.test("a function in the middle of a host call tells nothing about its callers", async (t) => {
  const body = `
    const told = [];
    const spy = function () {
      told.push(spy.caller, typeof spy.arguments);
      try { told.push(arguments.callee.caller); } catch (error) { told.push(error.name); }
      return "";
    };
    host({ toString: spy }, undefined);
    return String(told);`;
  t.match(await inGuest(body), /^,(undefined|object),(TypeError|)?$/);
});

t.test("what a guest does to its prototypes reaches neither the host function nor the host", async (t) => {
  const calls: string[] = [];
  const host = (_op: number, _id: number, text: string) => {
    calls.push(text);
    return new Uint8Array([1]);
  };
  const guest = await engine.create(
    tinyOptions(
      `({ host }) => (text, bytes) => {
        const caught = [];
        const trap = { get() { caught.push(this); return undefined; }, set(value) { caught.push(value); }, configurable: true };
        for (const target of [Object.prototype, Array.prototype, Function.prototype, Uint8Array.prototype]) {
          for (const key of [0, 1, 2, 3, "call", "apply", "host", "buffer", "byteLength", "byteOffset", "then"]) {
            Object.defineProperty(target, key, trap);
          }
        }
        Reflect.apply = Reflect.construct = (...values) => { caught.push(...values); };
        Uint8Array.prototype.constructor = function () { caught.push(this); };
        JSON.parse = undefined;
        const back = host("again", bytes);
        return caught.filter((value) => typeof value === "function" && value.name === "host").length + " " + back.length;
      }`,
      { host },
    ),
  );
  t.equal(guest.dispatch("", new Uint8Array(3)), "0 1");
  t.equal(guest.dispatch("\0", new Uint8Array(3)), "0 1", "and texts still come across");
  t.same(calls, ["again", "again"]);
});

t.test("modules cannot be imported", async (t) => {
  const replies: string[] = [];
  const host = (_op: number, _id: number, text: string) => {
    replies.push(text);
    return "=";
  };
  const guest = await engine.create(
    tinyOptions(
      "({ host }) => () => { import('node:fs').then(() => host('loaded'), (error) => host(error.name)); return ''; }",
      { host },
    ),
  );
  guest.dispatch("");
  t.equal(replies.length, 1);
  t.not(replies[0], "loaded");
});
