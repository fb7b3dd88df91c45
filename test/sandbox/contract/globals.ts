import { guestGlobals } from "../../../sdk/runtime/global-names.ts";
import type { ValueCheck } from "./check.ts";

/** Names of hosts, of the web and of engines that no guest has. */
const absent =
  `process Buffer require module exports global window document navigator location Deno Bun WebAssembly
  SharedArrayBuffer Atomics Intl Worker XMLHttpRequest WebSocket EventSource localStorage indexedDB caches
  importScripts setImmediate clearImmediate __dirname __filename MessageChannel BroadcastChannel FinalizationGroup
  Blob File FormData print gc host sluice std os bjson`.split(/\s+/);

const language =
  `Array ArrayBuffer BigInt Boolean DataView Date Error Float64Array Function Iterator JSON Map Math
  Number Object Promise Proxy RangeError Reflect RegExp Set String Symbol SyntaxError TypeError Uint8Array WeakMap
  WeakRef WeakSet encodeURIComponent isNaN parseInt`.split(/\s+/);

const shapes: readonly ValueCheck[] = [
  { name: "AbortController", members: "abort signal" },
  { name: "AbortSignal", members: "aborted onabort reason throwIfAborted" },
  { name: "Headers", members: "append delete entries forEach get getSetCookie has keys set values" },
  {
    name: "Response",
    members: "arrayBuffer body bodyUsed clone headers json ok status statusText text type url",
  },
  { name: "Request", members: "arrayBuffer body bodyUsed clone headers json method signal text url" },
  {
    name: "URL",
    members: "hash host hostname href origin password pathname port protocol search searchParams username",
  },
  { name: "URLSearchParams", members: "append delete get getAll has set size sort toString" },
  { name: "URLPattern", members: "exec hash hostname pathname port protocol search test" },
  { name: "ReadableStream", members: "cancel getReader locked pipeThrough pipeTo tee" },
  { name: "WritableStream", members: "abort close getWriter locked" },
  { name: "TransformStream", members: "readable writable" },
  { name: "TextDecoder", members: "decode encoding fatal ignoreBOM" },
  { name: "TextEncoder", members: "encode encodeInto encoding" },
  { name: "EventTarget", members: "addEventListener dispatchEvent removeEventListener" },
  { name: "DOMException", members: "code message name" },
].map(({ name, members }) => ({
  title: `${name} has the members of its standard`,
  code: `return "${members}".split(" ").filter((member) => !(member in ${name}.prototype));`,
  expected: [],
}));

export const globalChecks: readonly ValueCheck[] = [
  ...guestGlobals
    .filter((name) => !["globalThis", "self", "console", "crypto", "performance"].includes(name))
    .map((name) => ({
      title: `${name} is a function of that name`,
      code: `return [typeof ${name}, ${name}.name];`,
      expected: ["function", name.startsWith("clear") ? "clearTimeout" : name],
    })),
  ...["console", "crypto", "performance", "globalThis", "self"].map((name) => ({
    title: `${name} is an object`,
    code: `return typeof ${name};`,
    expected: "object",
  })),
  {
    title: "Names of hosts and of other platforms do not exist",
    code: `return ${JSON.stringify(absent)}.filter((name) => {
      try { return eval("typeof " + name) !== "undefined"; } catch { return false; }
    });`,
    expected: [],
    exempt: { inline: "its realm is the host's, and eval of the host is what it finds" },
  },
  {
    title: "The text of a plugin finds no names of hosts",
    code: `return [typeof process, typeof Buffer, typeof Deno, typeof WebAssembly, typeof SharedArrayBuffer,
      typeof Atomics, typeof Intl, typeof setImmediate, typeof XMLHttpRequest, typeof navigator, typeof window];`,
    expected: Array.from({ length: 11 }, () => "undefined"),
  },
  {
    title: "require leads nowhere",
    code: `const name = "node:fs"; try { require(name); return "required"; } catch { return "refused"; }`,
    expected: "refused",
  },
  {
    title: "The language is there",
    code: `return ${JSON.stringify(language)}.filter((name) => globalThis[name] === undefined);`,
    expected: [],
  },
  {
    title: "Own globals of a guest are not listed",
    code: `return Object.keys(globalThis).filter((name) => ["fetch", "URL", "console"].includes(name));`,
    expected: [],
  },
  { title: "self is globalThis", code: "return self === globalThis;", expected: true },
  {
    title: "globalThis has the names of the web",
    code: "return [globalThis.URL === URL, globalThis.fetch === fetch, globalThis.console === console];",
    expected: [true, true, true],
  },
  {
    title: "A plugin is strict code",
    code: "return (function () { return this === undefined; })();",
    expected: true,
  },
  {
    title: "Recent ECMAScript is there on every engine",
    code: `return [[3, 1].toSorted().join(), [1, 2].at(-1), Object.hasOwn({ a: 1 }, "a"), "aXbX".replaceAll("X", "-"),
      [1, 2, 3].findLast((n) => n < 3), structuredClone(new Set([1])).union(new Set([2])).size,
      Object.groupBy([1, 2, 3], (n) => (n % 2 ? "odd" : "even")).odd.length, [1].values().map((n) => n + 1).toArray()[0]];`,
    expected: ["1,3", 2, true, "a-b-", 2, 2, 2, 2],
  },
  {
    title: "BigInt, generators, private members and tagged templates work",
    code: `class Secret { #x = 2n ** 64n; get x() { return String(this.#x); } }
    function* count() { yield 1; yield 2; }
    const tag = (parts, ...values) => parts.join("|") + values.join();
    return [new Secret().x, [...count()], tag\`a\${1}b\`];`,
    expected: ["18446744073709551616", [1, 2], "a|b1"],
  },
  {
    title: "Regular expressions have lookbehind, named groups, sticky and unicode",
    code: String.raw`return ["a1b2".match(/(?<=a)\d/)[0], "k=v".match(/(?<key>\w)=/).groups.key, /\u{1F600}/u.test("😀"),
      [..."a1b2".matchAll(/\d/g)].length, /\p{Lu}/u.test("É")];`,
    expected: ["1", "k", true, 2, true],
  },
  {
    title: "Async iteration and Promise combinators work",
    code: `const out = [];
    async function* numbers() { yield 1; yield 2; }
    for await (const n of numbers()) out.push(n);
    const settled = await Promise.allSettled([Promise.resolve(1), Promise.reject(new Error("x"))]);
    return [out, settled.map(({ status }) => status), await Promise.any([Promise.reject(1), 2]), await Promise.race([3, new Promise(() => {})])];`,
    expected: [[1, 2], ["fulfilled", "rejected"], 2, 3],
  },
  {
    title: "Dates are in UTC text and count ms",
    code: `return [new Date(0).toISOString(), Date.UTC(2026, 0, 1), Math.abs(Date.now() - new Date().getTime()) < 1000];`,
    expected: ["1970-01-01T00:00:00.000Z", 1767225600000, true],
  },
  {
    title: "eval and Function stay in the guest",
    code: `const global = Function("return this")();
    return [typeof global.process, typeof global.require, typeof global.Deno, (0, eval)("typeof Buffer"),
      typeof (async () => {}).constructor("return 1")];`,
    expected: ["undefined", "undefined", "undefined", "undefined", "function"],
    exempt: { inline: "its realm is the host's: such code is trusted" },
  },
  {
    title: "Constructors of host objects lead to the guest's own Function",
    code: `const roots = [fetch, console.log, ctx.kv.get, ctx.log.info, request.headers.get, crypto.subtle.digest, ctx.waitUntil];
    return Promise.all(roots.map((root) => root.constructor("return typeof process + typeof Deno")()));`,
    expected: Array.from({ length: 7 }, () => "undefinedundefined"),
    exempt: { inline: "its realm is the host's: such code is trusted" },
  },
  {
    title: "Dynamic import leads nowhere",
    code: `const names = ["node:fs", "fs", "https://example.com/x.js", "./x.js"];
    const out = [];
    for (const name of names) out.push(await import(name).then(() => "imported", () => "refused"));
    return out;`,
    expected: ["refused", "refused", "refused", "refused"],
  },
  {
    title: "Import inside of a made function leads nowhere",
    code: `const names = ["node:fs", "fs"];
    const out = [];
    for (const name of names) {
      try { out.push(await Function("name", "return import(name)")(name).then(() => "imported", () => "refused")); }
      catch { out.push("refused"); }
    }
    return out;`,
    expected: ["refused", "refused"],
    exempt: { inline: "its realm is the host's: such code is trusted" },
  },
  ...shapes,
];
