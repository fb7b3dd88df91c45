import type { ValueCheck } from "./check.ts";

export const streamChecks: readonly ValueCheck[] = [
  {
    title: "ReadableStream pulls when it is read",
    code: `let n = 0; const s = new ReadableStream({ pull(c) { c.enqueue(++n); if (n === 3) c.close(); } }); const out = []; for await (const part of s) out.push(part); return out;`,
    expected: [1, 2, 3],
  },
  {
    title: "ReadableStream.from takes iterables, async ones too",
    code: `const out = []; for await (const part of ReadableStream.from((async function* () { yield "a"; yield "b"; })())) out.push(part); for await (const part of ReadableStream.from(["c"])) out.push(part); return out;`,
    expected: ["a", "b", "c"],
  },
  {
    title: "A loop that is left early waits until its iterator has ended",
    code: `const gone = async (leave) => {
        const out = [];
        const parts = async function* () { try { yield 1; yield 2; } finally { out.push("closing"); await new Promise((r) => setTimeout(r, 1)); out.push("closed"); } };
        try { await leave(parts); } catch (error) { out.push(error.message); }
        return [...out, "after"].join();
      };
      return [
        await gone(async (parts) => { for await (const _ of parts()) break; }),
        await gone(async (parts) => { for await (const _ of parts()) return; }),
        await gone(async (parts) => { for await (const _ of parts()) throw new Error("out"); }),
        await gone(async (parts) => { outer: for (const _ of [1]) for await (const _ of parts()) continue outer; }),
      ];`,
    expected: [
      "closing,closed,after",
      "closing,closed,after",
      "closing,closed,out,after",
      "closing,closed,after",
    ],
  },
  {
    title: "A loop that is left early fails with what its iterator ends with",
    code: `const parts = async function* () { try { yield 1; } finally { await null; throw new RangeError("not closed"); } };
      for await (const _ of parts()) break;`,
    throws: "RangeError",
  },
  {
    title: "A loop that is left early leaves a stream that another can read on",
    code: `const s = ReadableStream.from([1, 2, 3]); const out = [];
      for await (const part of s.values({ preventCancel: true })) { out.push(part); break; }
      for await (const part of s) out.push(part);
      return out;`,
    expected: [1, 2, 3],
  },
  {
    title: "A locked stream gives no second reader",
    code: `const s = new ReadableStream(); s.getReader(); s.getReader();`,
    throws: "TypeError",
  },
  {
    title: "A reader that lets go unlocks its stream",
    code: `const s = new ReadableStream(); s.getReader().releaseLock(); return s.locked;`,
    expected: false,
  },
  {
    title: "Cancelling tells the source why",
    code: `let why; const s = new ReadableStream({ cancel(reason) { why = reason; } }); await s.cancel("enough"); return why;`,
    expected: "enough",
  },
  {
    title: "A source that fails makes reads fail",
    code: `const s = new ReadableStream({ pull() { throw new RangeError("x"); } }); await s.getReader().read();`,
    throws: "RangeError",
  },
  {
    title: "tee gives two streams of one",
    code: `const [a, b] = ReadableStream.from([1, 2]).tee(); const read = async (s) => { const out = []; for await (const part of s) out.push(part); return out; }; return [await read(a), await read(b)];`,
    expected: [
      [1, 2],
      [1, 2],
    ],
  },
  {
    title: "pipeTo writes, closes and waits",
    code: `const out = []; let closed = false; await ReadableStream.from([1, 2]).pipeTo(new WritableStream({ async write(part) { out.push(part); }, close() { closed = true; } })); return [out, closed];`,
    expected: [[1, 2], true],
  },
  {
    title: "pipeThrough changes parts and adds some at the end",
    code: `const t = new TransformStream({ transform(part, c) { c.enqueue(part * 2); }, flush(c) { c.enqueue("end"); } }); const out = []; for await (const part of ReadableStream.from([1, 2]).pipeThrough(t)) out.push(part); return out;`,
    expected: [2, 4, "end"],
  },
  {
    title: "TextEncoderStream and TextDecoderStream are inverse",
    code: `let out = ""; for await (const part of ReadableStream.from(["é", "€"]).pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream())) out += part; return out;`,
    expected: "é€",
  },
  {
    title: "A writer feels backpressure",
    code: `const s = new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: 2 }); const w = s.getWriter(); const before = w.desiredSize; w.write(1).catch(() => {}); w.write(2).catch(() => {}); return [before, w.desiredSize];`,
    expected: [2, 0],
  },
  {
    title: "A pipe that is aborted rejects with the reason",
    code: `const c = new AbortController(); const p = new ReadableStream().pipeTo(new WritableStream(), { signal: c.signal }); c.abort(); await p;`,
    throws: "AbortError",
  },
  {
    title: "Stopping an async iteration cancels the stream",
    code: `let cancelled = false; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel() { cancelled = true; } }); for await (const part of s) break; await new Promise((resolve) => setTimeout(resolve, 1)); return cancelled;`,
    expected: true,
  },
];
