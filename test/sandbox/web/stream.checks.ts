import { ByteLengthQueuingStrategy } from "../../../sdk/runtime/streams/parts.ts";
import { ReadableStream } from "../../../sdk/runtime/streams/readable-stream.ts";
import { TextDecoderStream, TextEncoderStream } from "../../../sdk/runtime/streams/text-streams.ts";
import { TransformStream } from "../../../sdk/runtime/streams/transform-stream.ts";
import { WritableStream } from "../../../sdk/runtime/streams/writable-stream.ts";
import { AbortController } from "../../../sdk/runtime/web/abort.ts";
import { equal, rejects, same, suite, throws, turns } from "./check.ts";

export const { checks, check } = suite();

type Controller = { enqueue(chunk?: unknown): void; close(): void; error(reason?: unknown): void };

/** A stream and its controller, for checks that play its source. */
function pushed(strategy?: { highWaterMark: number }) {
  let controller!: Controller & { desiredSize: number | null };
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<unknown>(
    {
      start: (given) => {
        controller = given;
      },
      cancel: (reason) => void cancelled.push(reason),
    },
    strategy,
  );
  return { stream, controller, cancelled };
}

async function all(stream: ReadableStream<unknown>): Promise<unknown[]> {
  const chunks: unknown[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

check("chunks are read in the order in which they came, then the end", async () => {
  const { stream, controller } = pushed();
  controller.enqueue(1);
  const reader = stream.getReader();
  const reads = [reader.read(), reader.read(), reader.read()];
  controller.enqueue(2);
  controller.close();
  same(await Promise.all(reads), [{ value: 1, done: false }, { value: 2, done: false }, { done: true }]);
  equal(await reader.closed, undefined);
});

check("the source is pulled until the queue is full, and again when it is read", async () => {
  let pulls = 0;
  const stream = new ReadableStream<number>(
    { pull: (controller) => controller.enqueue(++pulls) },
    { highWaterMark: 3 },
  );
  await turns();
  equal(pulls, 3);
  await stream.getReader().read();
  await turns();
  equal(pulls, 4);
});

check("a source that nobody reads is not pulled with a high water mark of 0", async () => {
  let pulls = 0;
  const stream = new ReadableStream({ pull: () => void pulls++ }, { highWaterMark: 0 });
  await turns();
  equal(pulls, 0);
  stream.getReader().read();
  await turns();
  equal(pulls, 1);
});

check("a pull that is not over keeps the next one waiting", async () => {
  const gates: (() => void)[] = [];
  const stream = new ReadableStream({ pull: () => new Promise<void>((open) => gates.push(open)) });
  const reader = stream.getReader();
  reader.read();
  await turns();
  reader.read();
  await turns();
  equal(gates.length, 1);
  gates[0]!();
  await turns();
  equal(gates.length, 2);
});

check("an error drops what is queued and fails every read", async () => {
  const { stream, controller } = pushed();
  const reason = new RangeError("lost");
  controller.enqueue(1);
  controller.error(reason);
  const reader = stream.getReader();
  equal(await rejects("RangeError", reader.read()), reason);
  equal(await rejects("RangeError", reader.closed), reason);
  throws("TypeError", () => controller.enqueue(2));
  equal(controller.desiredSize, null);
});

check("a start or a pull that throws fails the stream", async () => {
  throws(
    "RangeError",
    () =>
      new ReadableStream({
        start: () => {
          throw new RangeError();
        },
      }),
  );
  const late = new ReadableStream({ start: () => Promise.reject(new RangeError()) });
  await rejects("RangeError", late.getReader().read());
  const pulled = new ReadableStream({
    pull: () => {
      throw new RangeError();
    },
  });
  await rejects("RangeError", pulled.getReader().read());
});

check("cancel reaches the source with its reason, and ends pending reads", async () => {
  const { stream, cancelled } = pushed();
  const reader = stream.getReader();
  const read = reader.read();
  await reader.cancel("enough");
  same(cancelled, ["enough"]);
  same(await read, { done: true });
  await rejects("TypeError", stream.cancel());
});

check("one reader at a time; one that let go reads no more", async () => {
  const { stream, controller } = pushed();
  const reader = stream.getReader();
  throws("TypeError", () => stream.getReader());
  equal(stream.locked, true);
  const read = reader.read();
  reader.releaseLock();
  await rejects("TypeError", read);
  await rejects("TypeError", reader.read());
  await rejects("TypeError", reader.closed);
  controller.enqueue("next");
  same(await stream.getReader().read(), { value: "next", done: false });
});

check("leaving a loop cancels the stream, unless that is prevented", async () => {
  const one = pushed();
  one.controller.enqueue(1);
  for await (const _chunk of one.stream) break;
  // QuickJS does not wait for what the end of an iterator returns.
  await turns();
  equal(one.cancelled.length, 1);
  const two = pushed();
  two.controller.enqueue(1);
  for await (const _chunk of two.stream.values({ preventCancel: true })) break;
  await turns();
  same([two.cancelled.length, two.stream.locked], [0, false]);
});

check("steps of an iterator that are asked for together come in turn", async () => {
  const iterator = ReadableStream.from([1, 2]).values();
  const steps = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.return!("x")]);
  same(steps, [
    { value: 1, done: false },
    { value: 2, done: false },
    { done: true },
    { value: "x", done: true },
  ]);
});

check("ReadableStream.from takes what can be iterated, and closes it when cancelled", async () => {
  same(await all(ReadableStream.from(["a", Promise.resolve("b")])), ["a", "b"]);
  const ended: string[] = [];
  async function* endless() {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      ended.push("closed");
    }
  }
  for await (const n of ReadableStream.from(endless())) if (n === 2) break;
  await turns();
  same(ended, ["closed"]);
  throws("TypeError", () => ReadableStream.from(1 as never));
  throws("TypeError", () => ReadableStream.from(null as never));
});

check("both branches of a tee get every chunk; the source is cancelled when both are", async () => {
  const { stream, controller, cancelled } = pushed();
  const [one, two] = stream.tee();
  controller.enqueue(1);
  controller.enqueue(2);
  const reader = one.getReader();
  same(
    [await reader.read(), await reader.read()],
    [
      { value: 1, done: false },
      { value: 2, done: false },
    ],
  );
  const first = reader.cancel("a");
  await turns();
  same(cancelled, []);
  await two.cancel("b");
  await first;
  same(cancelled, [["a", "b"]]);
});

check("an error reaches both branches of a tee", async () => {
  const { stream, controller } = pushed();
  const [one, two] = stream.tee();
  controller.error(new RangeError());
  await rejects("RangeError", one.getReader().read());
  await rejects("RangeError", two.getReader().read());
});

check("a writer waits while the sink is busy, and writes come in order", async () => {
  const written: unknown[] = [];
  let open!: () => void;
  const sink = new WritableStream({
    write: (chunk) => {
      written.push(chunk);
      return new Promise<void>((resolve) => {
        open = resolve;
      });
    },
    close: () => void written.push("end"),
  });
  const writer = sink.getWriter();
  await writer.ready;
  equal(writer.desiredSize, 1);
  writer.write("a");
  writer.write("b");
  const closed = writer.close();
  equal(writer.desiredSize, -1);
  await turns();
  same(written, ["a"]);
  open();
  await turns();
  same(written, ["a", "b"]);
  open();
  await closed;
  same(written, ["a", "b", "end"]);
  await rejects("TypeError", writer.write("late"));
});

check("a sink that fails fails what waits, and abort tells the sink once", async () => {
  const failing = new WritableStream({ write: () => Promise.reject(new RangeError()) }).getWriter();
  await rejects("RangeError", failing.write(1));
  await rejects("RangeError", failing.write(2));
  await rejects("RangeError", failing.closed);
  const reasons: unknown[] = [];
  let signalled: unknown;
  const sink = new WritableStream({
    start: (controller) =>
      controller.signal.addEventListener("abort", () => {
        signalled = controller.signal.reason;
      }),
    abort: (reason) => void reasons.push(reason),
  });
  await sink.abort("why");
  await sink.abort("again");
  same([reasons, signalled], [["why"], "why"]);
});

check("pipeTo moves chunks no faster than they are taken, and closes the other end", async () => {
  let pulls = 0;
  const gates: (() => void)[] = [];
  const source = new ReadableStream<number>(
    { pull: (controller) => (++pulls > 3 ? controller.close() : controller.enqueue(pulls)) },
    { highWaterMark: 0 },
  );
  const sink = new WritableStream({ write: () => new Promise<void>((open) => gates.push(open)) });
  const piped = source.pipeTo(sink);
  await turns();
  same([pulls, gates.length], [1, 1]);
  for (let at = 0; at < 3; at++) {
    gates[at]!();
    await turns();
  }
  await piped;
  same([source.locked, sink.locked], [false, false]);
  await rejects("TypeError", sink.close());
});

check("pipeTo passes errors both ways, and stops when its signal says so", async () => {
  const aborted: unknown[] = [];
  const makeSink = () => new WritableStream<unknown>({ abort: (reason) => void aborted.push(reason) });
  const failing = pushed();
  const piped = failing.stream.pipeTo(makeSink());
  failing.controller.error(new RangeError("source"));
  await rejects("RangeError", piped);
  equal((aborted[0] as Error).message, "source");

  const { stream, controller, cancelled } = pushed();
  const bad = new WritableStream<unknown>({ write: () => Promise.reject(new RangeError("sink")) });
  controller.enqueue(1);
  await rejects("RangeError", stream.pipeTo(bad));
  equal((cancelled[0] as Error).message, "sink");

  const stop = new AbortController();
  const endless = pushed();
  const stopped = endless.stream.pipeTo(makeSink(), { signal: stop.signal });
  stop.abort();
  await rejects("AbortError", stopped);
  same([endless.cancelled.length, aborted.length], [1, 2]);
});

check("a TransformStream changes chunks, adds some at the end, and passes backpressure on", async () => {
  let transformed = 0;
  const transform = new TransformStream<string, string>({
    transform(chunk, controller) {
      transformed++;
      controller.enqueue(chunk.toUpperCase());
    },
    flush: (controller) => controller.enqueue("!"),
  });
  const source = ReadableStream.from(["a", "b", "c"]);
  const out = source.pipeThrough(transform);
  await turns();
  equal(transformed, 0);
  same(await all(out), ["A", "B", "C", "!"]);
});

check("a transform that throws fails both of its sides", async () => {
  const transform = new TransformStream<unknown>({
    transform: () => {
      throw new RangeError();
    },
  });
  const { stream, controller, cancelled } = pushed();
  const reader = stream.pipeThrough(transform).getReader();
  controller.enqueue(1);
  await rejects("RangeError", reader.read());
  await turns();
  equal((cancelled[0] as Error).name, "RangeError");
});

check("terminate ends the readable side and refuses what is still written", async () => {
  const transform = new TransformStream({ transform: (_chunk, controller) => controller.terminate() });
  const writer = transform.writable.getWriter();
  const read = transform.readable.getReader().read();
  writer.write(1).then(undefined, () => {});
  same(await read, { done: true });
  await rejects("TypeError", writer.closed);
});

check("text streams keep characters whole that come in two chunks", async () => {
  const bytes = [new Uint8Array([0xf0, 0x9f]), new Uint8Array([0x98, 0x80, 0x21])];
  same(await all(ReadableStream.from(bytes).pipeThrough(new TextDecoderStream())), ["\u{1f600}!"]);
  const texts = ["a\ud83d", "\ude00", "\ud800"];
  const encoded = (await all(
    ReadableStream.from(texts).pipeThrough(new TextEncoderStream()),
  )) as Uint8Array[];
  same(
    encoded.flatMap((part) => [...part]),
    [0x61, 0xf0, 0x9f, 0x98, 0x80, 0xef, 0xbf, 0xbd],
  );
  const fatal = ReadableStream.from([new Uint8Array([0xff])]).pipeThrough(
    new TextDecoderStream("utf-8", { fatal: true }),
  );
  await rejects("TypeError", all(fatal));
});

check("a strategy that counts bytes sees them", async () => {
  const { stream, controller } = pushed(new ByteLengthQueuingStrategy({ highWaterMark: 10 }));
  controller.enqueue(new Uint8Array(4));
  equal(controller.desiredSize, 6);
  await stream.getReader().read();
  equal(controller.desiredSize, 10);
  throws("RangeError", () => new ReadableStream({}, { highWaterMark: -1 }));
  throws("RangeError", () => controller.enqueue({ byteLength: Number.NaN }));
});

check("nothing that a plugin can reach makes a stream of internals", () => {
  const { controller } = pushed();
  const Controller = controller.constructor as new (given: unknown) => unknown;
  throws("TypeError", () => new Controller({ core: {} }));
  throws("TypeError", () => new ReadableStream({ type: "bytes" } as never));
  throws("TypeError", () => pushed().stream.getReader({ mode: "byob" as never }));
});
