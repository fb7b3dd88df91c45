/** What costs little in the guest and much outside of it: host calls, answers and whatever the host keeps. */
import { type Attack, inlineHasNoLimits, inlineHasNoWall, longAftermath } from "./attack.ts";

const exempt = { inline: inlineHasNoLimits };
const statuses = [200, 500, 503];

const onAttack = (code: string) =>
  `async onRequest(request, ctx) { if (!request.url.endsWith("/attack")) return new Response("calm"); ${code} }`;

/** Of a plugin that does it as fast as it can, until its budget is over. */
const floods: Readonly<Record<string, string>> = {
  "log lines": `for (let n = 0; n < 1e6; n++) ctx.log.info("line " + n, { n });`,
  "long log lines": `for (let n = 0; n < 1e4; n++) ctx.log.error("x".repeat(60000), { y: "z".repeat(8000) });`,
  "console lines": `for (let n = 0; n < 1e6; n++) console.log("line", n, [n]);`,
  "names of metrics": `for (let n = 0; n < 1e6; n++) try { ctx.metrics.counter("name_" + n) } catch {}`,
  "values of metrics": `for (let n = 0; n < 1e6; n++) ctx.metrics.histogram("value", n);`,
  "random bytes": `for (let n = 0; n < 1e6; n++) crypto.getRandomValues(new Uint8Array(65536));`,
  "URLs that are hard to parse": `for (let n = 0; n < 1e6; n++) try { new URL("http://" + "xn--a".repeat(400) + n + "/") } catch {}`,
  "long URLs": `for (let n = 0; n < 1e6; n++) try { new URL("http://a/" + "%zz../".repeat(10000)) } catch {}`,
  "texts to encode": `for (let n = 0; n < 1e6; n++) new TextEncoder().encode("\\u20ac".repeat(5e5));`,
  "bytes to decode": `const bytes = new Uint8Array(1e6).fill(200); for (let n = 0; n < 1e6; n++) new TextDecoder().decode(bytes);`,
  base64: `const text = btoa("x".repeat(1e6)); for (let n = 0; n < 1e6; n++) atob(text);`,
  clones: `const v = { a: Array.from({ length: 1000 }, (_, n) => ({ n })) }; for (;;) structuredClone(v);`,
  headers: `for (let n = 0; n < 1e6; n++) request.headers.append("x-" + n, "y");`,
  "one field of a thousand values": `for (let n = 0; n < 5000; n++) request.headers.append("x", "y"); for (let n = 0; n < 1e5; n++) request.headers.get("x");`,
  "removed fields": `for (let n = 0; n < 1e6; n++) request.headers.delete("x-" + n);`,
};

/** What is under way when the answer is given. */
const lastingFloods: Readonly<Record<string, string>> = {
  "errors that nobody handles": `for (let n = 0; n < 1e5; n++) Promise.reject(new Error("x".repeat(1000)));`,
  "errors in timers": `for (let n = 0; n < 900; n++) setTimeout(() => { throw new Error("x".repeat(9000)) }, n % 7);`,
  "keys of the store": `for (let n = 0; n < 1e5; n++) ctx.kv.set("key" + n, "x".repeat(100));`,
  "long values of the store": `for (let n = 0; n < 100; n++) ctx.kv.set("key" + n, "x".repeat(900000));`,
  "increments of the store": `for (let n = 0; n < 1e6; n++) ctx.kv.increment("a", 1);`,
  timers: `for (let n = 0; n < 1e6; n++) try { setTimeout(() => {}, n % 100) } catch {}`,
  "timers that are due together": `for (let n = 0; n < 5e3; n++) setTimeout(() => {}, 30);`,
  "timers that start timers": `const again = () => { setTimeout(again, 0); setTimeout(again, 0) }; again();`,
  "timers that are never due": `for (let n = 0; n < 1e6; n++) try { setTimeout(() => {}, 2e9) } catch {}`,
  intervals: `for (let n = 0; n < 999; n++) setInterval(() => { for (let i = 0; i < 1e5; i++); }, 0);`,
  "calls to hosts that are not granted": `for (let n = 0; n < 1e5; n++) fetch("http://n" + n + ".test/").catch(() => {});`,
  digests: `for (let n = 0; n < 1e5; n++) crypto.subtle.digest("SHA-512", new Uint8Array(60000)).catch(() => {});`,
  keys: `for (let n = 0; n < 1e4; n++) crypto.subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", modulusLength: 4096, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" }, true, ["sign", "verify"]).catch(() => {});`,
  "rounds of a password hash": `const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
    for (let n = 0; n < 1e3; n++) crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(8), iterations: 1e6 }, key, 512).catch(() => {});`,
  "promises for after the answer": `for (let n = 0; n < 1e5; n++) ctx.waitUntil(new Promise(() => {}));`,
  aborts: `for (let n = 0; n < 1e5; n++) { const c = new AbortController(); fetch("http://a.test/", { signal: c.signal }).catch(() => {}); c.abort(); }`,
};

/** Texts that are put together of others take no memory in V8, and much where they are written down on their way out. */
const longTexts: Readonly<Record<string, string>> = {
  "a key of the store": "await ctx.kv.get(huge);",
  "the body of a fetch": `await fetch("http://a.test/", { method: "POST", body: huge });`,
  "a text to encode": "new TextEncoder().encode(huge);",
  "a body": "return new Response(huge);",
  "a body that comes late": "await null; return new Response(huge);",
};

/** Of a guest that has the host function: `hostCall(op, id, text, bytes)`. */
const seized: Readonly<Record<string, string>> = {
  "log lines with long positions": `for (let n = 0; n < 200; n++) hostCall(2, 0, JSON.stringify({ level: "info", message: "x", position: "sluice:plugin/attack:1:1 ".repeat(4000) }));`,
  "log lines with deep fields": `for (let n = 0; n < 200; n++) hostCall(2, 0, '{"message":"x","fields":{"a":' + "[".repeat(4000) + "]".repeat(4000) + "}}");`,
  "log lines that are deep": `for (let n = 0; n < 200; n++) hostCall(2, 0, '{"message":' + "[".repeat(60000) + "]".repeat(60000) + "}");`,
  "faults with long stacks": `for (let n = 0; n < 200; n++) hostCall(2, 0, JSON.stringify({ fault: { name: "x", message: "y", stack: "at a (sluice:plugin/attack:1:1)\\n".repeat(3000) } }));`,
  "store calls that are deep": `hostCall(51, ++id, "[".repeat(5e5) + "]".repeat(5e5));`,
  "store calls of many parts": `hostCall(51, ++id, "[" + "{},".repeat(3e5) + "{}]");`,
  "increments of many parts": `hostCall(53, ++id, "[" + "{},".repeat(3e5) + "{}]");`,
  "requests of fetches that are deep": `hostCall(40, ++id, "60000:" + "[".repeat(60000));`,
  "requests of keys that are deep": `for (let n = 0; n < 50; n++) hostCall(22, ++id, '{"a":' + "[".repeat(30000) + "]".repeat(30000) + "}");`,
  "metrics with long texts": `for (let n = 0; n < 20; n++) hostCall(3, 0, "c " + "1".repeat(1e6) + " a");`,
  "timers with long numbers": `for (let n = 0; n < 20; n++) hostCall(6, ++id, "9".repeat(1e6));`,
  "operations without a number": `for (let n = 0; n < 20000; n++) hostCall(6, 0, "100000");`,
  "operations under one number": `for (let n = 0; n < 20000; n++) hostCall(6, 7, "100000");`,
  "cancelled operations": `for (let n = 0; n < 20000; n++) { hostCall(6, 9, "100000"); hostCall(7, 9, ""); }`,
  "bodies that are read with long requests": `hostCall(60, ++id, "q ".repeat(5e5));`,
};

/** Outcomes that are long, and made of many parts. */
const answers: Readonly<Record<string, string>> = {
  "a million names to remove": `"e0 " + "a,".repeat(1e6) + " \\n"`,
  "a megabyte of fields": `"e" + 1e6 + "  \\n" + "x: y\\r\\n".repeat(166667)`,
  "as many fields as are allowed": `"e" + 6 * 5000 + "  \\n" + "x: y\\r\\n".repeat(5000)`,
  "a reason of a megabyte": `"r0 -1 200 " + " ".repeat(1e6) + "\\n"`,
  "a line of a megabyte without an end": `"r" + " ".repeat(1e6)`,
  "edits of a hundred thousand lists": `"e0  " + '{"a":' + "[".repeat(1e5) + "]".repeat(1e5) + "}\\n"`,
  "edits of a million parts": `"e0  [" + "{},".repeat(1e6) + "{}]\\n"`,
  "a fault of a million parts": `"f3000004\\n[" + "{},".repeat(1e6) + "{}]"`,
  "a fault with a message of four megabytes": `((text) => "f" + text.length + "\\n" + text)(JSON.stringify({ name: "E", message: "x".repeat(4e6), stack: "at x\\n".repeat(1e5) }))`,
  "a URL of a megabyte": `"e0  " + JSON.stringify({ url: "/" + "%41".repeat(3e5) }) + "\\n"`,
  "a URL of a hundred thousand dots": `"e0  " + JSON.stringify({ url: "/a".repeat(6e3) + "/..".repeat(6e3) }) + "\\n"`,
  "a method of a megabyte": `"e0  " + JSON.stringify({ method: "A".repeat(4e5) }) + "\\n"`,
  "a reply of eight megabytes": `"r0 8000000 200 OK\\n" + "x".repeat(8e6)`,
  "ten thousand outcomes to one message": `"c".repeat(1e6)`,
};

export const floodAttacks: readonly Attack[] = [
  ...Object.entries(floods).map(
    ([what, code]): Attack => ({
      title: `a flood of ${what}`,
      plugin: onAttack(code),
      ...{ statuses, exempt },
    }),
  ),
  ...Object.entries(lastingFloods).map(
    ([what, code]): Attack => ({
      title: `a flood of ${what}`,
      plugin: onAttack(code),
      aftermath: longAftermath,
      ...{ statuses, exempt },
    }),
  ),
  ...Object.entries(longTexts).map(
    ([what, code]): Attack => ({
      title: `${what} of a quarter of a gigabyte is not written down outside of the guest`,
      plugin: `capabilities: { kv: true, fetch: ["http://a.test"] }, ${onAttack(`const huge = "x".repeat(2 ** 28); ${code}`)}`,
      limits: { cpu: 2000 },
      statuses: [200, 500, 503],
      delay: 2000,
      growth: 100,
      exempt,
    }),
  ),
  ...Object.entries(seized).map(
    ([what, code]): Attack => ({
      title: `the host function is flooded with ${what}`,
      plugin: takingOver(`${code} return "c";`),
      seized: true,
      ...{ statuses, exempt: { inline: inlineHasNoWall } },
    }),
  ),
  ...Object.entries(answers).map(
    ([what, outcome]): Attack => ({
      title: `the host reads ${what}`,
      plugin: takingOver(`return ${outcome};`),
      seized: true,
      limits: { cpu: 500 },
      ...{ statuses, exempt: { inline: inlineHasNoWall } },
    }),
  ),
];

function takingOver(code: string): string {
  return `onRequest() { return new Response("calm") }, setup() {
    const { hostCall } = globalThis as any;
    let id = 1e6;
    (globalThis as any).takeOver = (text, bytes, usual) => {
      if (text[0] !== "Q" || text.includes("/calm")) return usual(text, bytes);
      ${code}
    };
  },`;
}
