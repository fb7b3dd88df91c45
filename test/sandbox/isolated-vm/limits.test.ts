/** Guests that pass their limits on purpose. What no engine inside the process contains is not here. */
import t from "tap";
import { faultOf, startEngine } from "./fixture.ts";

const endless = {
  "an empty loop": "while (true);",
  "a loop that catches everything": "for (;;) try { for (;;); } catch {} finally { continue }",
  "microtasks that make microtasks": "const again = () => Promise.resolve().then(again); again(); return ''",
  "an async function that never waits": "(async () => { for (;;) await null })(); return ''",
  "a regular expression that backtracks": "return /^(a+)+$/.test('a'.repeat(40) + 'b')",
  "a getter": "return { get x() { while (true); } }.x",
  "a proxy's trap": "return 'x' in new Proxy({}, { has() { while (true); } })",
  "the text of a reply": "return { toString() { while (true); } }",
  "the text of an error": "throw { toString() { while (true); } }",
  "a comparison while sorting": "return [3, 1, 2].sort(() => { while (true); })",
  "the reason of a rejected promise": "Promise.reject({ get message() { while (true); } }); return ''",
  "generators that yield to each other":
    "function* g() { while (true) yield* [1] } for (const x of g()); return ''",
};

const hoarding = {
  objects: "const kept = []; for (;;) kept.push({ n: kept.length })",
  strings: "const kept = []; for (let n = 0; ; n++) kept.push(('x' + n).repeat(1000))",
  "small typed arrays": "const kept = []; for (;;) kept.push(new Uint8Array(60))",
  closures: "const kept = []; for (let n = 0; ; n++) kept.push(() => n)",
  promises: "const kept = []; for (;;) kept.push(new Promise(() => {}))",
  "a linked list": "let kept = null; for (;;) kept = { kept }",
};

const refused = {
  "deep recursion": ["const dive = () => 1 + dive(); return dive()", /^threw RangeError/],
  "a string that doubles": ["let s = 'x'; for (;;) s += s", /^threw RangeError/],
  "array buffers": ["const kept = []; for (;;) kept.push(new ArrayBuffer(1e6))", /^threw RangeError/],
  "one array buffer of 1 GB": ["return new ArrayBuffer(1e9).byteLength", /^threw RangeError/],
  "a typed array of 1 GB": ["return new Float64Array(1.25e8).length", /^threw RangeError/],
} as const;

for (const [name, body] of Object.entries(endless)) {
  t.test(`the watchdog ends a guest in ${name}`, async (t) => {
    const { handler } = startEngine(t);
    const guest = await handler(body, { limits: { cpuMs: 50 } });
    const start = performance.now();
    const fault = faultOf(() => guest.dispatch("x"));
    const took = performance.now() - start;
    t.match(fault, { kind: "cpu", message: "Guest sample took more than 50 ms" });
    t.ok(took >= 50 && took < 1000, `after ${took.toFixed()} ms`);
    t.notOk(guest.isAlive);
    t.match(
      faultOf(() => guest.dispatch("x")),
      { kind: "cpu" },
      "and it stays ended",
    );
  });
}

for (const [name, body] of Object.entries(hoarding)) {
  t.test(`the memory limit ends a guest that hoards ${name}`, async (t) => {
    const { handler } = startEngine(t);
    const guest = await handler(body, { limits: { cpuMs: 20_000, memoryBytes: 16 * 2 ** 20 } });
    t.match(
      faultOf(() => guest.dispatch("x")),
      { kind: "memory", message: "Guest sample took more than 16777216 bytes of memory" },
    );
    t.notOk(guest.isAlive);
  });
}

for (const [name, [body, reply]] of Object.entries(refused)) {
  t.test(`a guest is refused ${name} and lives on`, async (t) => {
    const { handler } = startEngine(t);
    const guest = await handler(`if (text === "ping") return "pong"; ${body}`, { limits: { cpuMs: 5000 } });
    t.match(guest.dispatch("x"), reply);
    t.equal(guest.dispatch("ping"), "pong");
  });
}

t.test("limits hold for the top level of a plugin", async (t) => {
  const { load } = startEngine(t);
  const start = performance.now();
  await t.rejects(load("while (true);", { limits: { cpuMs: 50 } }), {
    kind: "cpu",
    message: "Guest sample took more than 100 ms",
  });
  t.ok(performance.now() - start < 1000);
  await t.rejects(
    load("const kept = []; for (;;) kept.push('x'.repeat(999) + kept.length)", { limits: { cpuMs: 5000 } }),
    {
      name: "GuestFault",
      kind: "memory",
    },
  );
  const slow = await load(
    "const end = Date.now() + 70; while (Date.now() < end); return { handle: () => 'up' }",
    {
      limits: { cpuMs: 20 },
    },
  );
  t.equal(slow.dispatch(""), "up", "loading may take longer than a message");
});

t.test("an answer too big for the guest ends the guest, not the host", async (t) => {
  const { handler } = startEngine(t);
  const big = { text: `=${"x".repeat(64 * 2 ** 20)}`, bytes: new Uint8Array(64 * 2 ** 20) };
  const options = { host: (op: number) => (op === 1 ? big.text : big.bytes) };
  const reader = await handler("return call(Number(text), '').length", options);
  t.equal(faultOf(() => reader.dispatch("1"))?.kind, "memory");
  const other = await handler("return call(Number(text), '')", options);
  t.equal(other.dispatch("2"), "!Error:internal");
  t.ok(other.isAlive);
});
