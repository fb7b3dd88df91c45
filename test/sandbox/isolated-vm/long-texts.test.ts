/** A text that is put together of others takes no memory in the guest; the way out writes it down, in memory of the host. */
import t from "tap";
import { watchMemory } from "../../support/peak-memory.ts";
import { faultOf, startEngine } from "./fixture.ts";

const limits = { cpuMs: 5000, memoryBytes: 16 * 2 ** 20 };
/** Half of that. */
const longest = 8 * 2 ** 20;
const huge = "huge";
const making = "const huge = 'x'.repeat(2 ** 28);";
/** MiB: garbage, and what the machine takes. */
const mostGrowth = 64;

const refusal = `!QuotaExceededError:Cannot hand over a text of more than ${longest} characters at once: it is half of the memory limit`;

/** What a guest may give the host function, and what it gets for it. */
const calls: Readonly<Record<string, readonly [string, string]>> = {
  "a text": [`call(10, ${huge})`, refusal],
  "a text, from a realm whose ground is changed": [
    `for (const name of ["apply", "get", "getOwnPropertyDescriptor"]) Reflect[name] = () => 1;
     for (const from of [String, Function, Object, Uint8Array])
       for (const name of Object.getOwnPropertyNames(from.prototype))
         try { from.prototype[name] = () => 1; } catch {}
     return call(10, ${huge})`,
    refusal,
  ],
  "a list of texts": [`call(10, [${huge}])`, "!Error:internal"],
  "an object that becomes a text": [`call(10, { toString: () => ${huge} })`, "!Error:internal"],
  "a text for an operation": [`call(${huge}, "x")`, "!Error:internal"],
  "a text for bytes": [`call(10, "x", ${huge})`, "!Error:internal"],
  "a text in what looks like bytes": [
    `call(10, "x", { __proto__: Uint8Array.prototype, x: ${huge} })`,
    "!Error:internal",
  ],
};

for (const [what, [code, answer]] of Object.entries(calls)) {
  t.test(`a host call with ${what} of 256 MiB is refused inside`, async (t) => {
    let asked = 0;
    const host = () => {
      asked++;
      return "=";
    };
    const { handler } = startEngine(t);
    const guest = await handler(making + (code.includes("return") ? code : `return ${code}`), {
      limits,
      host,
    });
    const growth = watchMemory();
    t.equal(guest.dispatch("x"), answer);
    t.equal(asked, 0, "the host hears nothing of it");
    t.ok((growth() ?? 0) < mostGrowth, `memory grew by ${growth()?.toFixed()} MiB`);
    t.ok(guest.isAlive);
  });
}

t.test("a host call with a text of half of the memory limit is answered", async (t) => {
  let length = 0;
  const host = (_op: number, _id: number, text: string) => {
    length = text.length;
    return "=yes";
  };
  const { handler } = startEngine(t);
  const guest = await handler(`return call(10, "x".repeat(${longest}))`, { limits, host });
  t.equal(guest.dispatch("x"), "=yes");
  t.equal(length, longest);
});

const fault = {
  kind: "memory",
  message: `Guest sample gave out a text of more than ${longest} characters: it is half of its memory limit`,
};

const replies: Readonly<Record<string, string>> = {
  "a reply": `return ${huge}`,
  "an outcome": `call(1, ${huge}); return ""`,
  "an outcome after the reply": `Promise.resolve().then(() => call(1, ${huge})); return ""`,
};

for (const [what, code] of Object.entries(replies)) {
  t.test(`${what} of 256 MiB is the end of the guest`, async (t) => {
    const { handler } = startEngine(t);
    const guest = await handler(making + code, { limits });
    const growth = watchMemory();
    t.match(
      faultOf(() => guest.dispatch("x")),
      fault,
    );
    t.ok((growth() ?? 0) < mostGrowth, `memory grew by ${growth()?.toFixed()} MiB`);
    t.notOk(guest.isAlive);
  });
}

for (const [what, code] of [
  ["says", '(host) => ({ load: () => "x".repeat(2 ** 28), dispatch: () => "" })'],
  ["throws", `(host) => ({ load() { throw new Error("x".repeat(2 ** 28)) }, dispatch: () => "" })`],
] as const) {
  t.test(`a load that ${what} 256 MiB fails`, async (t) => {
    const { load } = startEngine(t);
    const growth = watchMemory();
    const loading = load("return {}", { limits, runtime: { name: "runtime.js", code } });
    const expected = what === "says" ? fault : { kind: "crash" };
    t.match(await loading.catch((error: unknown) => error), expected);
    t.ok((growth() ?? 0) < mostGrowth, `memory grew by ${growth()?.toFixed()} MiB`);
  });
}

/** isolated-vm copies them before anybody can look at them, so that memory does grow. */
const reasons: Readonly<Record<string, string>> = {
  "an error with a message": "new Error('x'.repeat(2 ** 26))",
  "an error with a name":
    "Object.assign(new (class Odd extends Error {})('x'), { name: 'x'.repeat(2 ** 26) })",
  "a text": "'x'.repeat(2 ** 26)",
};

for (const [what, code] of Object.entries(reasons)) {
  t.test(`a promise that is rejected with ${what} of 64 MiB is the end of the guest`, async (t) => {
    const heard: string[] = [];
    const host = (_op: number, _id: number, text: string) => {
      heard.push(text);
      return "=";
    };
    const { handler } = startEngine(t);
    const guest = await handler(`Promise.reject(${code}); return ""`, { limits, host });
    t.match(
      faultOf(() => guest.dispatch("x")),
      fault,
    );
    t.same(heard, []);
    t.notOk(guest.isAlive);
  });
}
