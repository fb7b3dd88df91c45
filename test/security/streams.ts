/** Replies that a guest streams: what it puts into them, and for how long, is the guest's. */
import type { PluginLimits } from "../../core/config/model.ts";
import type { FaultCause } from "../../core/policy/plugin-status.ts";
import type { EngineName } from "../../core/sandbox/engine.ts";
import { messageNumber } from "../../sdk/runtime/message.ts";
import { inlineHasNoLimits, inlineHasNoWall } from "./attack.ts";

/**
 * What becomes of a client: it gets all of the body, is told of a failure, is cut off in the middle, or goes when it has
 * had enough.
 */
export type StreamEnd = "whole" | "refused" | "cut" | "left";

export interface StreamAttack {
  readonly title: string;
  /** Members of a plugin. */
  readonly plugin: string;
  readonly seized?: boolean;
  readonly limits?: Partial<PluginLimits>;
  /** How many clients ask at once. Default: 1. */
  readonly clients?: number;
  /** Whether the clients read nothing at all. */
  readonly stalls?: boolean;
  /** What may become of a client. */
  readonly ends: readonly StreamEnd[];
  /** Cause under which a fault must be counted; null: there must be none; absent: either. */
  readonly fault?: FaultCause | null;
  readonly exempt?: Partial<Record<EngineName, string>>;
}

/** A plugin that answers `/attack` with a stream; `c` is its controller. */
const streaming = (source: string) =>
  `onRequest(request) { if (!request.url.endsWith("/attack")) return new Response("calm"); return new Response(new ReadableStream({ ${source} })); }`;

/** Streams that are over before their client has lost its patience. */
const broken: Readonly<Record<string, string>> = {
  "throws in pull": `pull() { throw new Error("x") }`,
  "throws after a part": `n: 0, pull(c) { if (this.n++) throw new Error("x"); c.enqueue("part") }`,
  "rejects in pull": `async pull() { await null; throw { toString: null } }`,
  "is errored": `start(c) { c.enqueue("part"); c.error(new Error("x")) }`,
  "gives numbers": `pull(c) { c.enqueue(7) }`,
  "gives objects that look like bytes": `pull(c) { c.enqueue({ length: 4, byteLength: 4, buffer: new ArrayBuffer(4), 0: 1 }) }`,
  "gives a proxy of bytes": `pull(c) { c.enqueue(new Proxy(new Uint8Array(4), {})) }`,
  "gives buffers": `pull(c) { c.enqueue(new ArrayBuffer(8)) }`,
  "gives a stream of streams": `pull(c) { c.enqueue(new ReadableStream()) }`,
  "gives null": `pull(c) { c.enqueue(null) }`,
};

/** What is odd and legal. */
const odd: Readonly<Record<string, string>> = {
  "enqueues after it was closed": `pull(c) { c.enqueue("part"); c.close(); try { c.enqueue("more") } catch {} }`,
  "is closed twice": `pull(c) { c.close(); try { c.close() } catch {} }`,
  "is closed in start": `start(c) { c.close() }`,
  "gives bytes that lie about their length": `pull(c) { const b = new Uint8Array(3); for (const name of ["length", "byteLength", "byteOffset"]) Object.defineProperty(b, name, { value: 1e6 }); c.enqueue(b); c.close() }`,
  "gives a part of a megabyte": `pull(c) { c.enqueue(new Uint8Array(1e6)); c.close() }`,
  "gives a text of a megabyte": `pull(c) { c.enqueue("\\u20ac".repeat(3e5)); c.close() }`,
  "gives a thousand parts": `n: 0, pull(c) { if (this.n++ < 1e3) c.enqueue("x"); else c.close() }`,
};

/** Nobody knows when they end; clients go. */
const endless: Readonly<Record<string, string>> = {
  "gives parts for ever": `pull(c) { c.enqueue(new Uint8Array(60000)) }`,
  "gives small parts for ever": `pull(c) { c.enqueue("x") }`,
  "gives empty parts for ever": `pull(c) { c.enqueue(new Uint8Array(0)) }`,
  "gives large parts for ever": `pull(c) { c.enqueue(new Uint8Array(3e6)) }`,
  "gives a part now and then": `async pull(c) { await new Promise((r) => setTimeout(r, 20)); c.enqueue("x") }`,
  "never gives a part": `pull() { return new Promise(() => {}) }`,
  "never ends when it is cancelled": `pull(c) { c.enqueue("x") }, cancel() { return new Promise(() => {}) }`,
  "throws when it is cancelled": `pull(c) { c.enqueue("x") }, cancel() { throw new Error("x") }`,
  "goes on when it was cancelled": `pull(c) { c.enqueue("x") }, cancel() { const again = () => setTimeout(again, 1); again() }`,
};

/** What takes time or memory in the guest, and ends it. */
const greedy: Readonly<Record<string, readonly [source: string, fault: FaultCause | undefined]>> = {
  "loops in start": [`start() { for (;;); }`, "cpu"],
  "loops in pull": [`pull() { for (;;); }`, "cpu"],
  "loops after a part": [`n: 0, pull(c) { if (this.n++) for (;;); c.enqueue("part") }`, "cpu"],
  "makes microtasks for ever": [`async pull() { for (;;) await null }`, "cpu"],
  "hoards parts in start": [`start(c) { for (;;) c.enqueue(new Uint8Array(1e5)) }`, undefined],
  "hoards parts in pull": [`pull(c) { for (;;) c.enqueue("x".repeat(1e5) + performance.now()) }`, undefined],
  "hoards parts that nobody reads": [
    `start(c) { setInterval(() => { for (let n = 0; n < 50; n++) c.enqueue(new Uint8Array(1e5)) }, 1) }`,
    undefined,
  ],
  "has a part of a gigabyte": [`pull(c) { c.enqueue(new Uint8Array(1e9)) }`, undefined],
};

/** Answers of a guest that has the host function, when it is asked for the next part. */
const answers: Readonly<Record<string, string>> = {
  "a part that is longer than it may be": `"b100000 2\\n" + "x".repeat(100000)`,
  "a part of eight megabytes": `"b8000000 2\\n" + "x".repeat(8e6)`,
  "a part that is shorter than it says": `"b100 2\\nx"`,
  "a head": `"r0 -1 200 OK\\n"`,
  edits: `"e0  {}\\n"`,
  "a manifest": `"j2\\n{}"`,
  nothing: `""`,
  "bytes that were not given": `"b0 3\\n"`,
  "a part that keeps what there was not": `"b0 0\\n"`,
  "an action that there is not": `"b0 77\\n"`,
  "an end with a part in it": `"b3 10\\nabc"`,
  "pending, and nothing more": `"p"`,
  "pending, and bytes of eight megabytes": `(hostCall(1, slot, "Pb0 3\\n", new Uint8Array(8e6)), "p")`,
  "pending, and a hundred parts": `(Array.from({ length: 100 }, () => hostCall(1, slot, "Pb3 2\\nabc")), "p")`,
};

const limited = { exempt: { inline: inlineHasNoLimits } };
const stalling = streaming(`pull(c) { c.enqueue(new Uint8Array(4e6)) }`);

export const streamAttacks: readonly StreamAttack[] = [
  ...Object.entries(broken).map(
    ([what, source]): StreamAttack => ({
      title: `a stream that ${what}`,
      plugin: streaming(source),
      ends: ["cut"],
      fault: "throw",
    }),
  ),
  ...Object.entries(odd).map(
    ([what, source]): StreamAttack => ({
      title: `a stream that ${what}`,
      plugin: streaming(source),
      limits: { cpu: 500 },
      ends: ["whole"],
    }),
  ),
  ...Object.entries(endless).map(
    ([what, source]): StreamAttack => ({
      title: `a stream that ${what}`,
      plugin: streaming(source),
      limits: { cpu: 500 },
      ends: ["left"],
      fault: null,
    }),
  ),
  ...Object.entries(greedy).map(
    ([what, [source, fault]]): StreamAttack => ({
      ...limited,
      title: `a stream that ${what}`,
      plugin: streaming(source),
      ends: ["refused", "cut", "left"],
      ...(fault !== undefined && { fault }),
    }),
  ),
  ...Object.entries(answers).map(
    ([what, answer]): StreamAttack => ({
      title: `the host is given ${what} in the place of a part`,
      plugin: takingOver(`return ${answer};`),
      seized: true,
      ends: ["whole", "cut", "left"],
      exempt: { inline: inlineHasNoWall },
    }),
  ),
  {
    title: "a stream that is errored after it was closed",
    plugin: streaming(`pull(c) { c.enqueue("part"); c.close(); c.error(new Error("x")) }`),
    ends: ["whole", "cut"],
  },
  {
    // QuickJS takes them for no bytes.
    title: "a stream that gives bytes whose buffer goes",
    plugin: streaming(
      `pull(c) { const b = new Uint8Array(9); c.enqueue(b); structuredClone(b.buffer, { transfer: [b.buffer] }) }`,
    ),
    ends: ["cut", "left"],
  },
  {
    title: "a stream that throws in start",
    plugin: streaming(`start() { throw new Error("x") }`),
    ends: ["refused"],
    fault: "throw",
  },
  {
    title: "a stream that loops when it is cancelled",
    plugin: streaming(`pull(c) { c.enqueue("x") }, cancel() { for (;;); }`),
    ends: ["left"],
    fault: "cpu",
    ...limited,
  },
  {
    title: "one stream in the answers to all requests",
    plugin: `import { definePlugin } from "sluice/sdk"; const stream = new ReadableStream({ pull(c) { c.enqueue("x") } }); export default definePlugin({ onRequest(request) { if (!request.url.endsWith("/attack")) return new Response("calm"); return new Response(stream) } })`,
    clients: 10,
    ends: ["left", "refused"],
    fault: "throw",
  },
  {
    title: "a thousand streams that never give a part",
    plugin: streaming(`pull() { return new Promise(() => {}) }`),
    clients: 1000,
    ends: ["left"],
    limits: { cpu: 1000, memory: 64 * 2 ** 20 },
  },
  {
    title: "two hundred streams that give parts for ever",
    plugin: streaming(`pull(c) { c.enqueue(new Uint8Array(60000)) }`),
    clients: 200,
    ends: ["left"],
    limits: { cpu: 1000, memory: 64 * 2 ** 20 },
  },
  {
    title: "clients that read nothing of streams of large parts",
    plugin: stalling,
    clients: 100,
    stalls: true,
    ends: ["cut", "left"],
    limits: { cpu: 1000, memory: 64 * 2 ** 20 },
    ...limited,
  },
];

function takingOver(code: string): string {
  return `onRequest() { return new Response("calm") }, setup() {
    const { hostCall } = globalThis as any;
    (globalThis as any).takeOver = (text, bytes, usual) => {
      const slot = Math.floor(Number(text.split("\\x01")[1]) / ${messageNumber(1, 0)});
      if (text[0] === "Q" && !text.includes("/calm")) return "r0 -3 200 OK\\n";
      if (text[0] !== "P") return usual(text, bytes);
      ${code}
    };
  },`;
}
