/** Attacks on time and memory. Each is ended within its budget while others are served. */
import { type Attack, inlineHasNoLimits, longAftermath } from "./attack.ts";

const exempt = { inline: inlineHasNoLimits };
const statuses = [200, 500, 503];
const attack = (path = "/attack") => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
const times = (count: number) => Array.from({ length: count }, () => attack());

/** Runs for `/attack`, and not for the request that comes after it. */
const onAttack = (code: string, asynchronous = "") =>
  `${asynchronous} onRequest(request, ctx) { if (!request.url.endsWith("/attack")) return new Response("calm"); ${code} }`;

const endless: Readonly<Record<string, string>> = {
  "an endless loop": "for (;;);",
  "a loop that catches everything": "for (;;) try { for (;;); } catch {} finally { continue }",
  "microtasks that make microtasks": "const again = () => Promise.resolve().then(again); again();",
  "an await that never rests": "(async () => { for (;;) await null })();",
  "queueMicrotask without an end": "const again = () => queueMicrotask(again); again();",
  "a regular expression that backtracks": `/^(a+)+$/.test("a".repeat(40) + "b");`,
  "a URLPattern that backtracks": `new URLPattern({ pathname: "/((?:a+)+)b" }).test("http://a/" + "a".repeat(50));`,
  "a proxy of a value that is logged": `ctx.log.info("x", new Proxy({}, { ownKeys() { for (;;); } }));`,
  "a getter in a value that is cloned": "structuredClone({ get x() { for (;;); } });",
  "a toString in a header": `request.headers.set("a", { toString() { for (;;); } });`,
  "a status that computes itself": `const r = new Response("x"); Object.defineProperty(r, "status", { get() { for (;;); } }); return r;`,
  "a thenable that never returns": "return { get then() { for (;;); } };",
  "an error that describes itself for ever": "throw { toString() { for (;;); } };",
  "a stack that is computed": `const e = new Error("x"); Object.defineProperty(e, "stack", { get() { for (;;); } }); throw e;`,
  "generators that feed each other": "function* g() { while (true) yield* [1] } for (const x of g());",
  "a sort that never agrees": "for (;;) [3, 1, 2].sort(() => { for (;;); });",
  "a JSON reviver": `JSON.parse("[1]", () => { for (;;); });`,
  "headers from an iterator without an end": `new Headers({ *[Symbol.iterator]() { for (;;) yield ["a", "b"]; } });`,
  bigints: "let n = 3n; for (;;) n = (n * n) % (1n << 20000n) + 3n;",
};

const hoarding: Readonly<Record<string, string>> = {
  objects: "const kept = []; for (;;) kept.push({ n: kept.length });",
  strings: `const kept = []; for (let n = 0; ; n++) kept.push(("x" + n).repeat(1000) + n);`,
  "a string that doubles": `let s = "x"; for (;;) s += s;`,
  buffers: "const kept = []; for (;;) kept.push(new ArrayBuffer(1e6));",
  "one buffer of a gigabyte": "new ArrayBuffer(1e9);",
  "small typed arrays": "const kept = []; for (;;) kept.push(new Uint8Array(64).fill(1));",
  closures: "const kept = []; for (let n = 0; ; n++) kept.push(() => n);",
  promises: "const kept = []; for (;;) kept.push(new Promise(() => {}));",
  headers: `for (let n = 0; ; n++) request.headers.append("x-" + n, "y".repeat(100));`,
  "pending timers": "for (;;) setTimeout(() => {}, 1e6);",
  "text of random bytes":
    "const kept = []; for (;;) kept.push(crypto.getRandomValues(new Uint8Array(65536)));",
};

const recursion: Readonly<Record<string, string>> = {
  "deep recursion": "const dive = () => 1 + dive(); dive();",
  "recursion through a proxy": "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x;",
  "recursion through toJSON": "const a = { toJSON() { return { a } } }; JSON.stringify(a);",
  "a nested value that is cloned": "let v = {}; for (let i = 0; i < 1e5; i++) v = { v }; structuredClone(v);",
  "a nested value that is logged": `let v = {}; for (let i = 0; i < 1e5; i++) v = { v }; ctx.log.info("x", v);`,
  "a nested value that is the config of a console line":
    "let v = []; for (let i = 0; i < 1e5; i++) v = [v]; console.log(v);",
  "a graph of a million edges on the console":
    "const v = Array.from({ length: 1000 }, () => []); for (const a of v) for (const b of v) a.push(b); console.log(v);",
  "a nested text that is parsed": `JSON.parse("[".repeat(1e5) + "]".repeat(1e5));`,
  "recursion between handlers and URL": `const dive = () => { new URL("http://a/" + dive.length); dive() }; dive();`,
};

/** Each operation takes milliseconds, and no engine is asked in the middle of one. */
const long: Readonly<Record<string, string>> = {
  fill: "const a = new Uint8Array(4e6); for (;;) a.fill(1);",
  split: `const s = "ab,".repeat(1e5); for (;;) s.split(",");`,
  indexOf: `const s = "a".repeat(2e6); for (;;) s.indexOf("b");`,
  comparisons: `const a = "a".repeat(1e6), b = a + "b"; for (;;) a < b;`,
};

export const bombs: readonly Attack[] = [
  ...Object.entries(long).map(
    ([what, code]): Attack => ({
      title: `time is taken by long operations: ${what}`,
      plugin: onAttack(code),
      delay: 1500,
      ...{ statuses: [500, 503], fault: "cpu", exempt },
    }),
  ),
  ...Object.entries(endless).map(
    ([what, code]): Attack => ({
      title: `time is taken by ${what}`,
      plugin: onAttack(code),
      ...{ statuses: [500, 503], fault: "cpu", exempt },
    }),
  ),
  ...Object.entries(hoarding).map(
    ([what, code]): Attack => ({
      title: `memory is taken by ${what}`,
      plugin: onAttack(code),
      limits: { cpu: 3000, memory: 16 * 2 ** 20 },
      delay: 4000,
      ...{ statuses: [500, 503], exempt },
    }),
  ),
  ...Object.entries(recursion).map(
    ([what, code]): Attack => ({
      title: `the stack is taken by ${what}`,
      plugin: onAttack(code),
      limits: { cpu: 500 },
      delay: 1000,
      ...{ statuses, exempt },
    }),
  ),
  {
    title: "handlers of many requests at once each take nearly all of their time",
    plugin: onAttack("const end = Date.now() + 40; while (Date.now() < end);"),
    requests: times(30),
    // An exchange has five turns of the event loop, in each of which a handler may use up its budget.
    ...{ statuses, exempt },
  },
  {
    title: "many timers that are due together each take nearly all of their time",
    aftermath: longAftermath,
    plugin: onAttack(
      `for (let i = 0; i < 30; i++) setTimeout(() => { const end = Date.now() + 40; while (Date.now() < end); }, 30); return new Response("x");`,
    ),
    ...{ statuses, exempt },
  },
  {
    title: "a timer loops after the answer was given",
    aftermath: longAftermath,
    plugin: onAttack(`setTimeout(() => { for (;;); }, 20); return new Response("x");`),
    ...{ statuses, fault: "cpu", exempt },
  },
  {
    title: "work that goes on after the answer never ends",
    aftermath: longAftermath,
    plugin: onAttack(
      `ctx.waitUntil((async () => { for (;;) await new Promise((r) => setTimeout(r, 0)); })()); return new Response("x");`,
    ),
    ...{ statuses, fault: null, exempt },
  },
  {
    title: "a promise that never settles is given up at the end of its time",
    plugin: onAttack("return new Promise(() => {});"),
    limits: { wall: 80 },
    requests: times(20),
    ...{ statuses: [500], fault: "throw" },
  },
  {
    title: "five losses in a row put the plugin out of service",
    plugin: onAttack("for (;;);"),
    requests: times(12),
    ...{ statuses: [500, 503], fault: "cpu", exempt },
  },
  {
    title: "the observer of finished requests loops",
    aftermath: longAftermath,
    plugin: `onRequest() { return new Response("x") }, onLog() { for (;;); }`,
    ...{ statuses, fault: "cpu", exempt },
  },
];
