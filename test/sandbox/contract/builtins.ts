/** Every name that a guest can reach is the same on every engine, and in every version of one. */
import { readFileSync } from "node:fs";
import type { ValueCheck } from "./check.ts";

/** Made by this check on one engine; a name belongs in there when all have it. */
const names = readFileSync(new URL("builtins.txt", import.meta.url), "utf8")
  .trimEnd()
  .split("\n");

const hostRealm = { inline: "its realm is the host's" };

const walk = `
  const seen = new Set();
  const lines = [];
  const text = (key) => (typeof key === "symbol" ? "@" + key.description : key);
  const byText = (a, b) => (text(a) < text(b) ? -1 : 1);
  // Functions have them each in its own way.
  const passed = new Set(["length", "name", "arguments", "caller", "constructor"]);
  const visit = (path, value) => {
    if (!(typeof value === "function" || (typeof value === "object" && value !== null)) || seen.has(value)) return;
    seen.add(value);
    const keys = Reflect.ownKeys(value).filter((key) => !passed.has(key)).sort(byText);
    if (keys.length > 0) lines.push(path + ": " + keys.map(text).join(" "));
    for (const key of keys) {
      const { value: held, get, set } = Reflect.getOwnPropertyDescriptor(value, key);
      for (const part of [held, get, set]) visit(path + "." + text(key), part);
    }
    visit(path + " <-", Reflect.getPrototypeOf(value));
  };
  visit("global", globalThis);
  const others = {
    generator: function* () {}, asyncGenerator: async function* () {}, async: async () => {},
    arrayIterator: [].values(), mapIterator: new Map().values(), setIterator: new Set().values(),
    textIterator: ""[Symbol.iterator](), matchIterator: "".matchAll(/./g), helper: [].values().map(String),
    wrapped: Iterator.from({ next() {} }),
  };
  for (const name in others) visit(name, others[name]);
  return lines;`;

export const builtinChecks: readonly ValueCheck[] = [
  {
    title: "The names of all that a guest can reach are these",
    code: walk,
    expected: names,
    exempt: hostRealm,
  },
  {
    title: "What asks for a locale is what it is without one",
    code: `return [(1234567.5).toLocaleString("de"), (12n).toLocaleString(), [1000, "a"].toLocaleString(), "I".toLocaleLowerCase("tr"),
      "i".toLocaleUpperCase("tr"), ["b", "a", "B", "ä"].sort((x, y) => x.localeCompare(y)), "a".localeCompare("a")];`,
    expected: ["1234567.5", "12", "1000,a", "i", "I", ["B", "a", "b", "ä"], 0],
    exempt: hostRealm,
  },
  {
    title: "Dates name no time zone, and ask for no locale",
    code: `const d = new Date(2026, 0, 2, 3, 4, 5);
      return [/^Fri Jan 02 2026 03:04:05 GMT[+-]\\d{4}$/.test(String(d)), \`\${d}\` === d + "",
        d.toString() === d.toDateString() + " " + d.toTimeString(), d.toLocaleString("de") === d.toString(),
        d.toLocaleDateString("de", { month: "long" }) === d.toDateString(), d.toLocaleTimeString() === d.toTimeString(),
        String(new Date(NaN)), Date.parse(String(d)) === d.getTime()];`,
    expected: [true, true, true, true, true, true, "Invalid Date", true],
    exempt: hostRealm,
  },
  {
    title: "using disposes of what it holds, at the end and last first",
    code: `const seen = [];
      const held = (name) => ({ [Symbol.dispose]() { seen.push(name); } });
      const later = { async [Symbol.asyncDispose]() { await null; seen.push("later"); } };
      { using a = held("a"); using b = held("b"); await using c = later; seen.push("inside"); }
      return seen;`,
    expected: ["inside", "later", "b", "a"],
  },
  {
    title: "Recursion without an end is a RangeError",
    code: `const deep = {
        calls: () => deep.calls() + 1,
        callbacks: () => [1].map(deep.callbacks),
        getters: () => { const o = { get x() { return this.x; } }; return o.x; },
        proxies: () => { const p = new Proxy({}, { get: (_, name) => p[name] }); return p.x; },
        sorting: () => [2, 1].sort(deep.sorting),
        texts: () => { const o = { toString: () => "" + o }; return "" + o; },
        json: () => { const o = { toJSON: () => JSON.stringify(o) }; return JSON.stringify(o); },
        replacing: () => "a".replace(/a/, deep.replacing),
      };
      return Object.keys(deep).map((name) => {
        try { deep[name](); return name; } catch (e) { return e instanceof RangeError && e.constructor === RangeError && e.name; }
      });`,
    expected: Array(8).fill("RangeError"),
  },
  {
    title: "A replacer and a reviver see JSON of 500 levels",
    code: `const text = '{"a":'.repeat(500) + '"secret"' + "}".repeat(500);
      const redact = (_, value) => (value === "secret" ? "***" : value);
      const redacted = text.replace("secret", "***");
      return [JSON.stringify(JSON.parse(text), redact) === redacted, JSON.stringify(JSON.parse(text, redact)) === redacted];`,
    expected: [true, true],
  },
  {
    title: "Error.captureStackTrace gives an object a stack",
    code: `const o = {}; Error.captureStackTrace(o); Error.captureStackTrace(o, Object); return [typeof o.stack, Object.keys(o)];`,
    expected: ["string", []],
  },
];
