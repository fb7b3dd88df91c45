/** Recursion without an end in a guest of this thread. As a thread of its own it tells what that comes to. */
import { isMainThread, parentPort } from "node:worker_threads";
import type { Guest } from "../../../core/sandbox/engine.ts";
import { createQuickJsEngine } from "../../../core/sandbox/quickjs/engine.ts";
import { tinyOptions } from "./tiny-runtime.ts";

/** What ends where the guest's own stack does, before that of the host does. Some take twelve bytes of that for one of theirs. */
export const recursive = {
  calls: "const f = () => f() + 1; f();",
  "calls with arguments": "const f = (a, b, c) => { const d = a + b; return f(b, c, d) + 1; }; f(1, 2, 3);",
  classes: "class A { field = new A(); } new A();",
  callbacks: "const f = () => [1].map(f); f();",
  "callbacks of entries": "const f = () => Object.fromEntries(Object.entries({ a: 1 }).map(f)); f();",
  generators: "function* f() { yield* f(); } [...f()];",
  getters: "const o = { get x() { return this.x; } }; o.x;",
  "a comparator": "const f = () => [2, 1].sort(f); f();",
  "texts of objects": "const o = { toString: () => '' + o }; '' + o;",
  "numbers of objects": "const o = { valueOf: () => +o }; +o;",
  "a replacement": "const f = () => 'a'.replace(/a/, f); f();",
  "a reviver": "const f = () => JSON.parse('[1]', f); f();",
  toJSON: "const o = { toJSON: () => JSON.stringify(o) }; JSON.stringify(o);",
  "arrays in arrays as JSON": "JSON.stringify(nest((inner) => [inner]));",
  "objects in objects as JSON": "JSON.stringify(nest((inner) => ({ inner })));",
  "arrays in arrays as text": "String(nest((inner) => [inner]));",
  "arrays in arrays made flat": "nest((inner) => [inner]).flat(Infinity);",
  "JSON of arrays": "JSON.parse('['.repeat(1e6));",
  "JSON of objects": "JSON.parse('{\"a\":'.repeat(1e5));",
  "a proxy's trap": "const p = new Proxy({}, { get: (_, name) => p[name] }); p.x;",
  "proxies that are asked for their prototype":
    "Object.getPrototypeOf(nest((inner) => new Proxy(inner, {})));",
  "proxies that are constructors": "new (nest((inner) => new Proxy(inner, {}), class {}))();",
  "proxies that can be extended": "Object.isExtensible(nest((inner) => new Proxy(inner, {})));",
  "groups of a regular expression": "new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5));",
  "blocks of a script": "(0, eval)('{'.repeat(1e5));",
};

const program = (body: string) =>
  `({ host }) => () => {
    const nest = (wrap, inmost = {}) => { let value = inmost; for (let i = 0; i < 3e4; i++) value = wrap(value); return value; };
    try { ${body} } catch (error) { return error.name; }
    return "no end";
  }`;

const engine = createQuickJsEngine();

/** A guest that answers with the name of the error. */
export const guestThat = (body: string): Promise<Guest> =>
  engine.create(tinyOptions(program(body), { cpuMs: 5000, memory: 64 }));

/** Two answers of a guest, the second of which shows that it is still there. */
async function answersTo(body: string): Promise<string> {
  const guest = await guestThat(body);
  return [guest.dispatch(""), guest.dispatch("")].join();
}

/** What they come to on this thread, by what recurs. */
export async function recurse(): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const [what, body] of Object.entries(recursive)) {
    names[what] = await answersTo(body).catch((error) => String(error));
  }
  return names;
}

if (!isMainThread) parentPort!.postMessage(await recurse());
