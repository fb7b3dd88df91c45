import t from "tap";
import { createQuickJsEngine } from "../../../core/sandbox/quickjs/engine.ts";
import { faultOf, type TinyGuest, tinyOptions } from "./tiny-runtime.ts";

const engine = createQuickJsEngine();

/** A guest whose handler has this body. */
function guestThat(body: string, options?: TinyGuest) {
  return engine.create(
    tinyOptions(`({ host, later, nextMessage }) => (text, bytes) => { ${body} }`, options),
  );
}

const endless = {
  "a loop": "for (;;);",
  "a loop that catches everything": "for (;;) try { for (;;); } catch {} finally { continue; }",
  "a loop in finally": "try { for (;;); } finally { for (;;); }",
  "microtasks that follow each other": "const next = () => Promise.resolve().then(next); next(); return '';",
  "an async loop": "(async () => { for (;;) await null; })(); return '';",
  "a thenable that resolves itself": "const t = { then(f) { f(t); } }; Promise.resolve(t); return '';",
  "a generator without end":
    "const g = (function* () { for (;;) yield 1; })(); return String([...g].length);",
  "a regular expression": "return String(/^(a+)+$/.test('a'.repeat(40) + 'b'));",
  "a reply whose conversion never ends": "return { toString() { for (;;); } };",
  "an error whose message never ends": "throw { get message() { for (;;); } };",
};

for (const [name, body] of Object.entries(endless)) {
  t.test(`the time limit ends ${name}`, async (t) => {
    const guest = await guestThat(body);
    t.equal(await faultOf(() => guest.dispatch("")), "cpu");
    t.notOk(guest.isAlive);
    t.equal(await faultOf(() => guest.dispatch("")), "cpu", "and it stays so");
  });
}

const swallowing = {
  "async functions":
    "const f = async () => { for (let i = 0; i < 50; i++) text.indexOf('b'); }; for (;;) f();",
  promises:
    "const f = () => new Promise(() => { for (let i = 0; i < 50; i++) text.indexOf('b'); }); for (;;) f();",
  "async functions in async functions":
    "const g = async () => { for (let i = 0; i < 50; i++) text.indexOf('b'); }; const f = async () => { for (let i = 0; i < 50; i++) g(); }; for (;;) f();",
};

for (const [name, body] of Object.entries(swallowing)) {
  t.test(`attack: ${name} that make a rejection of the end, in a loop`, async (t) => {
    const guest = await guestThat(body);
    const before = process.threadCpuUsage();
    t.equal(await faultOf(() => guest.dispatch("a".repeat(10_000))), "cpu");
    const { user, system } = process.threadCpuUsage(before);
    const took = (user + system) / 1000;
    t.ok(took < 250, `it had 50 ms, and took ${took.toFixed()}`);
  });
}

const growing = {
  arrays: "const a = []; for (;;) a.push(new Array(1000).fill(1.5));",
  texts: "const a = []; for (;;) a.push('x'.repeat(100000) + a.length);",
  "typed arrays": "const a = []; for (;;) a.push(new Uint8Array(1e6));",
  "a map": "const m = new Map(); for (let n = 0; ; n++) m.set(n, {});",
  symbols: "const o = {}; for (;;) o[Symbol()] = 1;",
  "one huge array": "return String(new Array(1e9).fill(0).length);",
  "one huge text": "return String(''.padStart(2 ** 29, 'ab').length);",
  "a big sort": "return String(Array.from({ length: 1e6 }, Math.random).sort().length);",
  "a text in single characters": "return String('a'.repeat(1 << 23).split('').length);",
  "memory in microtasks":
    "const a = []; const next = () => { a.push(new Uint8Array(1e6)); return Promise.resolve().then(next); }; next(); return '';",
};

for (const [name, body] of Object.entries(growing)) {
  t.test(`the memory limit ends ${name}`, async (t) => {
    const guest = await guestThat(body, { cpuMs: 5000 });
    t.equal(await faultOf(() => guest.dispatch("")), "memory");
    t.notOk(guest.isAlive);
  });
}

t.test("a limit below the memory that every guest begins with holds as well", async (t) => {
  const guest = await guestThat("return String(new Uint8Array(Number(text)).length);", { memory: 4 });
  t.equal(guest.dispatch("2000000"), "2000000");
  t.equal(await faultOf(() => guest.dispatch("5000000")), "memory");
});

const deep = {
  "a function that calls itself": "const f = () => f() + 1; return String(f());",
  "a getter that reads itself": "const o = { get x() { return this.x; } }; return o.x;",
  "JSON text": "return JSON.parse('['.repeat(1e6));",
  "JSON of a nested value": "let o = {}; for (let n = 0; n < 1e5; n++) o = { o }; return JSON.stringify(o);",
  "nested arrays as text": "let a = []; for (let n = 0; n < 1e5; n++) a = [a]; return String(a);",
  "nested arrays to flatten":
    "let a = []; for (let n = 0; n < 1e5; n++) a = [a]; return a.flat(Infinity).join();",
  "proxies of proxies": "let p = {}; for (let n = 0; n < 1e5; n++) p = new Proxy(p, {}); return p.x;",
};

for (const [name, body] of Object.entries(deep)) {
  t.test(`${name}, nested too deep, is an error that the guest survives`, async (t) => {
    const guest = await guestThat(`if (text === '') return 'well'; ${body}`, { cpuMs: 5000 });
    t.match(guest.dispatch("deep"), /^threw .*overflow/);
    t.equal(guest.dispatch(""), "well");
  });
}

t.test("source text nested too deep ends the guest and not the host", async (t) => {
  const guest = await guestThat("return eval('('.repeat(1e5));");
  t.equal(await faultOf(() => guest.dispatch("")), "crash");
  t.notOk(guest.isAlive);
});

t.test("a reply that is no text ends the guest", async (t) => {
  const guest = await guestThat("return Symbol('x');");
  t.equal(await faultOf(() => guest.dispatch("")), "crash");
});

t.test("the top level of a plugin is bounded too", async (t) => {
  t.equal(await faultOf(() => engine.create(tinyOptions("() => { for (;;); }"))), "cpu");
  const hungry = "() => { const a = []; for (;;) a.push(new Uint8Array(1e6)); }";
  t.equal(await faultOf(() => engine.create(tinyOptions(hungry))), "memory");
});

const spin = (rounds: number) => `for (let n = 0; n < ${rounds}; n++);`;

t.test("the time limit is that of one message, not of the batch", async (t) => {
  const body = `for (let m = 0; m < 30; m++) { nextMessage(); ${spin(200_000)} } return 'done';`;
  const batch = await guestThat(body, { cpuMs: 30 });
  t.equal(batch.dispatch(""), "done");
  const alone = await guestThat(body.replace("nextMessage();", ""), { cpuMs: 30 });
  t.equal(await faultOf(() => alone.dispatch("")), "cpu");
});

t.test("what earlier messages took does not count", async (t) => {
  const guest = await guestThat(`${spin(100_000)} return 'done';`, { cpuMs: 30 });
  for (let n = 0; n < 30; n++) t.equal(guest.dispatch(""), "done");
});
