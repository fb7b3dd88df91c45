/** What takes the process with it in a V8 isolate: here it is a fault like others. */
import type { Attack } from "./attack.ts";

const codes: Readonly<Record<string, string>> = {
  "an array of arrays of numbers": "const a = []; for (;;) a.push(new Array(1000).fill(1.5));",
  "an array of a thousand million elements": "new Array(1e9).fill(0);",
  "a text of a quarter of a gigabyte in pieces": `"a".repeat(1 << 28).split("");`,
  "a growing Map": "const m = new Map(); for (let n = 0; ; n++) m.set(n, {});",
  symbols: "const kept = []; for (;;) kept.push(Symbol());",
  "keys of an object": `const o = {}; for (let n = 0; ; n++) o["k" + n] = n;`,
};

const contained = (what: string, code: string) => ({
  title: `the process survives ${what}`,
  plugin: `onRequest(request) { if (!request.url.endsWith("/attack")) return new Response("calm"); ${code} }`,
  limits: { cpu: 1000, memory: 16 * 2 ** 20 },
  delay: 2500,
});

export const containedByQuickJs: readonly Attack[] = [
  ...Object.entries(codes).map(([what, code]) => ({ ...contained(what, code), statuses: [500, 503] })),
  {
    ...contained(
      "a reason whose message and stack loop",
      "Promise.reject({ get message() { for (;;); }, get stack() { for (;;); } });",
    ),
    fault: null,
  },
];
