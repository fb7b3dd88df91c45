/** What a guest tries to get hold of. Each plugin answers with what it found: an empty list, if all is well. */
import { type Attack, inlineHasNoWall } from "./attack.ts";

/** Names that only a host has. */
const hostNames = `["process", "require", "module", "Buffer", "Deno", "Bun", "global", "setImmediate", "WebAssembly",
  "SharedArrayBuffer", "Atomics", "Worker", "importScripts", "std", "os", "bjson", "FinalizationRegistry"]`;

/**
 * Walks everything that can be reached from its arguments by properties, prototypes and accessors, and tells
 * of functions and objects that are of another realm, and of functions that answer as the host's does.
 */
const walk = `
const ownFunction = Function;
function walk(...roots) {
  const seen = new Set(), found = [];
  const queue = roots.map((root, i) => [root, "root" + i]);
  while (queue.length > 0 && seen.size < 20000) {
    const [value, path] = queue.pop();
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
    seen.add(value);
    let top = value;
    for (let p = Object.getPrototypeOf(top), n = 0; p !== null && n < 100; p = Object.getPrototypeOf(p), n++) top = p;
    if (top !== Object.prototype && Object.getPrototypeOf(value) !== null) found.push(path + " of another realm");
    if (typeof value === "function") {
      let made = null;
      try { made = value.constructor.constructor("return this")() } catch {}
      if (made !== null && made !== globalThis) found.push(path + " makes functions of another realm");
      if (value.length === 4 && !/^class/.test(String(value))) {
        try { if (/^=[0-9.]+$/.test(value(4, 0, "", undefined))) found.push(path + " is the host") } catch {}
      }
    }
    queue.push([Object.getPrototypeOf(value), path + ".__proto__"]);
    for (const key of Reflect.ownKeys(value)) {
      let property;
      try { property = Object.getOwnPropertyDescriptor(value, key) } catch { continue }
      if (property === undefined) continue;
      for (const part of ["value", "get", "set"]) queue.push([property[part], path + "." + String(key)]);
      if (property.get) try { queue.push([value[key], path + "." + String(key)]) } catch (error) { queue.push([error, path + " error"]) }
    }
  }
  return found;
}`;

/** What every error of the host's making must keep to itself. */
const tellsHost = `const tellsHost = (text) => /file:|node:|\\/core\\/|\\/sdk\\/|\\.ts\\b|node_modules|wasm/i.test(text);`;

/** Ways to make the host refuse something. */
const refusals = `const refusals = {
  url: () => new URL("::"),
  base: () => new URL("x", "y"),
  longUrl: () => new URL("http://a/" + "x".repeat(1e5)),
  search: () => { new URL("http://a/").host = { toString() { throw new Error("mine") } } },
  random: () => crypto.getRandomValues(new Uint8Array(1e6)),
  decode: () => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255])),
  encoding: () => new TextDecoder("no-such"),
  atob: () => atob("*"),
  clone: () => structuredClone(() => 1),
  headers: () => new Headers({ "a b": "c" }),
  response: () => new Response("x", { status: 9 }),
  metric: () => ctx.metrics.counter("a b"),
  metricValue: () => ctx.metrics.counter("a", NaN),
  log: () => ctx.log.info("x".repeat(1e6)),
  kv: () => ctx.kv.get("x"),
  kvKey: () => ctx.kv.get({}),
  kvSet: () => ctx.kv.set("x".repeat(1e5), 1),
  fetch: () => fetch("http://not-granted.test/"),
  fetchUrl: () => fetch("::"),
  fetchInit: () => fetch("http://a.test/", { method: "CON NECT" }),
  digest: () => crypto.subtle.digest("MD5", new Uint8Array(1)),
  importKey: () => crypto.subtle.importKey("jwk", { kty: "RSA", n: "x", e: "y" }, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["verify"]),
  importPkcs8: () => crypto.subtle.importKey("pkcs8", new Uint8Array(40), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]),
  derive: () => crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(1), iterations: 1e9 }, {}, 256),
  timer: () => setTimeout("code"),
};`;

export const reachAttacks: readonly Attack[] = [
  {
    title: "a walk from all that a handler is given leads to no other realm",
    plugin: `onRequest(request, ctx) { ${walk}
      ctx.state.x = 1;
      return Response.json(walk(request, request.headers, ctx, ctx.state, ctx.log, ctx.kv, ctx.metrics, ctx.upstream, ctx.signal, ctx.config,
        ctx.route, ctx.client, new Response("x"), new Headers(), new URL("http://a/"), crypto, console, performance, (function () { return arguments })()));
    }`,
    limits: { cpu: 2000 },
    body: "[]",
    delay: 3000,
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "a walk from all globals leads to no other realm",
    plugin: `onRequest(request, ctx) { ${walk} return Response.json(walk(globalThis, globalThis.__proto__, function* () {}, async () => {}, async function* () {},
      [][Symbol.iterator](), /x/[Symbol.matchAll]("x"), new Map().entries(), Promise.resolve(), Symbol.iterator, 1n, ""[Symbol.iterator]())); }`,
    limits: { cpu: 2000 },
    body: "[]",
    delay: 3000,
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "functions made of text stay inside",
    plugin: `async onRequest(request, ctx) {
      const names = ${hostNames}, found = [];
      const make = [Function, (async () => {}).constructor, (function* () {}).constructor.constructor, request.constructor.constructor, ctx.constructor.constructor, ctx.log.info.constructor, fetch.constructor, Response.json.constructor,
        URL.constructor, crypto.subtle.digest.constructor, setTimeout.constructor, queueMicrotask.constructor];
      for (const name of names) {
        for (const [i, F] of make.entries()) {
          const value = await F("return typeof " + name)();
          if (typeof value === "string" && value !== "undefined") found.push(i + " " + name);
        }
        if ((0, eval)("typeof " + name) !== "undefined" || eval("typeof " + name) !== "undefined") found.push("eval " + name);
      }
      if (Function("return this")() !== globalThis) found.push("this");
      return Response.json(found);
    }`,
    body: "[]",
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "nothing can be imported",
    plugin: `async onRequest() {
      const found = [];
      for (const name of ["node:fs", "fs", "isolated-vm", "std", "os", "qjs:std", "./x.js", "file:///etc/passwd", "data:text/javascript,export default 1", "https://a.test/x.js"]) {
        for (const load of [(n) => eval("import(" + JSON.stringify(n) + ")"), (n) => Function("n", "return import(n)")(n)])
          await Promise.resolve().then(() => load(name)).then(() => found.push(name), () => {});
      }
      try { eval("import.meta"); found.push("meta") } catch {}
      return Response.json(found);
    }`,
    body: "[]",
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "errors of the host's making are of the guest's realm and tell nothing of the host",
    plugin: `async onRequest(request, ctx) { ${walk} ${tellsHost} ${refusals}
      const found = [];
      for (const [name, run] of Object.entries(refusals)) {
        let thrown;
        try { await run() } catch (error) { thrown = error }
        if (thrown === undefined) continue;
        if (!(thrown instanceof Error) && !(thrown instanceof DOMException)) found.push(name + " is no error");
        const text = [thrown.name, thrown.message, thrown.stack, String(thrown), JSON.stringify(thrown), String(thrown.cause), thrown.fileName].join(" ");
        if (tellsHost(text.replaceAll("attack.ts", ""))) found.push(name + ": " + text);
        found.push(...walk(thrown).map((what) => name + " " + what));
      }
      return Response.json(found);
    }`,
    limits: { cpu: 2000 },
    body: "[]",
    delay: 3000,
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "host calls at the end of the stack throw what the guest may see",
    plugin: `onRequest(request, ctx) { ${walk} ${tellsHost}
      const found = [], errors = [];
      const calls = [() => new URL("http://a/b"), () => performance.now(), () => crypto.getRandomValues(new Uint8Array(8)), () => ctx.metrics.counter("deep"),
        () => new TextDecoder().decode(new Uint8Array(5000))];
      const dive = (run, n) => { try { dive(run, n + 1) } catch {} if (errors.length < 200) try { run() } catch (error) { errors.push(error) } };
      for (const run of calls) dive(run, 0);
      for (const error of errors) if (tellsHost(String(error.stack).replaceAll("attack.ts", ""))) found.push(error.stack);
      if (errors.length > 0) found.push(...walk(errors[0]));
      return Response.json(found);
    }`,
    limits: { cpu: 5000 },
    body: "[]",
    statuses: [200, 500],
    delay: 6000,
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "stack traces and call sites show no functions of runtime or host",
    plugin: `onRequest(request, ctx) { ${tellsHost}
      const found = [];
      const sites = [];
      try { Error.stackTraceLimit = Infinity; Error.prepareStackTrace = (error, given) => { sites.push(...given); return "" } } catch {}
      try { Object.defineProperty(Error, "prepareStackTrace", { value: (error, given) => { sites.push(...given); return "" } }) } catch {}
      const spy = () => { const holder = {}; Error.captureStackTrace?.(holder); return String(holder.stack) + new Error("x").stack };
      const stacks = [spy(), [1].map(spy)[0]];
      ctx.log.info({ toString() { stacks.push(spy()); return "x" } });
      new Headers([[{ toString() { stacks.push(spy()); return "a" } }, "b"]]);
      try { new URL({ toString() { stacks.push(spy()); return "::" } }) } catch (error) { stacks.push(error.stack) }
      for (const site of sites) for (const look of ["getFunction", "getThis"]) if (site[look]?.()) found.push(look);
      for (const stack of stacks) if (tellsHost(String(stack).replaceAll("attack.ts", ""))) found.push(stack);
      return Response.json(found);
    }`,
    body: "[]",
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "callers of guest functions are not to be had",
    plugin: `onRequest(request, ctx) {
      const found = [];
      const look = Function("found", "where", "try { for (let f = arguments.callee.caller, n = 0; f && n < 20; n++, f = f.caller) { found.push(where + ' ' + f.name + String(f).substring(0, 80)); if (f.arguments) found.push('arguments') } } catch {}");
      const real = String.prototype.slice;
      const spy = new Function("real", "look", "found", "return function slice(...given) { look(found, 'slice'); return real.apply(this, given) }")(real, look, found);
      String.prototype.slice = spy;
      try { new URL("http://a/b?c").search; request.headers.get("host"); ctx.log.info("x") } finally { String.prototype.slice = real }
      ctx.log.info({ toString: new Function("look", "found", "return function toString() { look(found, 'toString'); return 'x' }")(look, found) });
      const own = /onRequest|function (slice|toString)\\(|^arguments$/;
      return Response.json(found.filter((line) => !own.test(line)));
    }`,
    body: "[]",
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "no builtin that the plugin has replaced is ever handed the host function",
    plugin: `import { definePlugin } from "sluice/sdk";
      const caught = new Set();
      const real = { apply: Reflect.apply, get: Object.getOwnPropertyDescriptor, add: Set.prototype.add, call: Function.prototype.call };
      const keep = (value) => { if (typeof value === "function") real.apply(real.add, caught, [value]); };
      const holders = [Array.prototype, Map.prototype, Set.prototype, String.prototype, Promise.prototype, RegExp.prototype, Function.prototype, Number.prototype,
        Uint8Array.prototype, Object.getPrototypeOf(Uint8Array.prototype), Error.prototype, Symbol.prototype, Object, Reflect, JSON, Promise, Number, String, Array, Math];
      for (const holder of holders) for (const key of Reflect.ownKeys(holder)) {
        const property = real.get(holder, key);
        if (!property.configurable || typeof property.value !== "function" || key === "constructor") continue;
        const original = property.value;
        try {
          Object.defineProperty(holder, key, { ...property, value: new Proxy(original, { apply(target, self, given) {
            keep(self);
            for (let i = 0; i < given.length; i++) keep(given[i]);
            return real.apply(target, self, given);
          } }) });
        } catch {}
      }
      for (const name of ["host", "call", "definition", "slot", "progress", "instance", "exchange", "resolve", "reject", "fields", "pending", "owner", "text"]) {
        Object.defineProperty(Object.prototype, name, { configurable: true, get: () => undefined, set(value) {
          keep(this); keep(value);
          Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
        } });
      }
      export default definePlugin({
        async onRequest(request, ctx) {
          new URL("http://a/b?c").searchParams.get("c");
          ctx.log.info("x", { a: 1 }); ctx.metrics.counter("c"); request.headers.set("a", "b");
          await new Promise((resolve) => setTimeout(resolve, 1));
          await crypto.subtle.digest("SHA-256", new Uint8Array(1));
          await fetch("http://a.test/").catch(() => {});
          await new Response("x").text();
          new TextDecoder().decode(new TextEncoder().encode("y".repeat(3000)));
          let hosts = 0, seen = 0;
          // Functions of one argument settle promises, this handler's too.
          for (const f of caught) { seen++; if (f.length !== 1) try { const answer = f(4, 0, "", undefined); if (typeof answer === "string" && answer[0] === "=") hosts++; } catch {} }
          return new Response(hosts + " of " + (seen > 10));
        },
      });`,
    limits: { cpu: 5000 },
    body: "0 of true",
    delay: 6000,
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "memory beyond the limit and shared memory are not to be had",
    plugin: `onRequest() {
      const found = ["WebAssembly", "SharedArrayBuffer", "Atomics"].filter((name) => name in globalThis);
      const C = new Uint8Array(1).buffer.constructor;
      for (const make of [() => new C(8, { maxByteLength: 1e9 }), () => new C(8).transfer?.(1e6), () => Reflect.construct(C, [8, { maxByteLength: 1e9 }])]) {
        try { const buffer = make(); if (buffer?.resizable || buffer?.maxByteLength > 1e6) found.push(String(make)) } catch {}
      }
      return Response.json(found);
    }`,
    body: "[]",
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "thenables, iterators and species of the plugin's making get nothing but what is the guest's",
    plugin: `onRequest(request, ctx) { ${walk}
      const found = [], given = [];
      class Odd extends Uint8Array { static get [Symbol.species]() { given.push(this); return Array } get length() { return 1e9 } get byteLength() { return 1e9 } }
      class Then extends Promise { then(...callbacks) { given.push(...callbacks); return super.then(...callbacks) } }
      const iterable = { *[Symbol.iterator]() { given.push(...arguments); yield ["a", "b"] } };
      new Headers(iterable);
      new URLSearchParams(iterable);
      new TextDecoder().decode(new Odd(4));
      ctx.waitUntil({ then(...callbacks) { given.push(...callbacks) } });
      ctx.waitUntil(Then.resolve(1));
      found.push(...walk(...given));
      return { then(resolve, reject) { found.push(...walk(resolve, reject)); resolve(Response.json(found)) } };
    }`,
    limits: { cpu: 2000 },
    body: "[]",
    delay: 3000,
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "what one request leaves on prototypes does not reach what the host reads",
    plugin: `onRequest() {
      Object.prototype.method = "POLLUTED"; Object.prototype.url = "/polluted"; Object.prototype.status = 299; Object.prototype.cluster = "none";
      Object.prototype.toJSON = undefined; Array.prototype[5] = "x"; Object.prototype.level = "error";
    }`,
    requests: [
      "GET /attack HTTP/1.1\r\nHost: a.test\r\n\r\n",
      "GET /attack HTTP/1.1\r\nHost: a.test\r\n\r\n",
    ],
    statuses: [200, 500],
    exempt: { inline: inlineHasNoWall },
  },
  {
    title: "bytes that lie about their length are taken as long as they are",
    plugin: `onRequest() {
      const bytes = new Uint8Array([104, 105]);
      for (const name of ["length", "byteLength", "byteOffset", "buffer"]) Object.defineProperty(bytes, name, { get: () => name === "buffer" ? new ArrayBuffer(1e6) : 1e6 });
      return new Response(bytes);
    }`,
    statuses: [200, 500],
    body: /^hi$|^\0*$/,
  },
  {
    title: "a proxy in the place of bytes is refused",
    plugin: `onRequest() { return new Response(new Proxy(new Uint8Array([1]), {})) }`,
    statuses: [200, 500],
    body: /^1$|object|^\0?$/,
  },
];
