/** `WritableStream` of the Streams Standard. */
import type { AbortSignal } from "../web/abort.ts";
import { asWebInterface } from "../web-interface.ts";
import { callMethod, highWaterMarkOf, Internal, methodOf, type QueuingStrategy, sizeOf } from "./parts.ts";
import { WritableCore, WriterCore } from "./writable-core.ts";

export interface UnderlyingSink<Chunk = unknown> {
  type?: undefined;
  start?(controller: WritableStreamDefaultController): unknown;
  write?(chunk: Chunk, controller: WritableStreamDefaultController): unknown;
  close?(): unknown;
  abort?(reason?: unknown): unknown;
}

let coreOf: (stream: WritableStream<never>) => WritableCore;
let isStream: (value: object) => boolean;

/** Takes chunks, one after the other, no faster than its sink. */
export class WritableStream<Chunk = unknown> {
  declare readonly [Symbol.toStringTag]: string;
  readonly #core: WritableCore;

  static {
    coreOf = (stream) => stream.#core;
    isStream = (value) => #core in value;
  }

  constructor(sink?: UnderlyingSink<Chunk>, strategy?: QueuingStrategy<Chunk>) {
    if (sink instanceof Internal) this.#core = sink.core as WritableCore;
    else this.#core = coreOfSink(sink, strategy as QueuingStrategy | undefined);
  }

  get locked(): boolean {
    return this.#core.isLocked;
  }

  async abort(reason?: unknown): Promise<undefined> {
    if (this.#core.isLocked) throw new TypeError("Cannot abort a stream that is locked to a writer");
    return this.#core.abort(reason);
  }

  async close(): Promise<undefined> {
    if (this.#core.isLocked) throw new TypeError("Cannot close a stream that is locked to a writer");
    return this.#core.close();
  }

  getWriter(): WritableStreamDefaultWriter<Chunk> {
    return new WritableStreamDefaultWriter<Chunk>(this);
  }
}

asWebInterface(WritableStream, "WritableStream");

/** Writes to a stream that it keeps locked. */
export class WritableStreamDefaultWriter<Chunk = unknown> {
  declare readonly [Symbol.toStringTag]: string;
  readonly #writer: WriterCore;

  constructor(stream: WritableStream<Chunk>) {
    const core = writableCoreOf(stream);
    if (core === null) throw new TypeError("A writer needs a WritableStream");
    this.#writer = new WriterCore(core);
  }

  get closed(): Promise<undefined> {
    return this.#writer.closed;
  }

  get ready(): Promise<undefined> {
    return this.#writer.ready;
  }

  get desiredSize(): number | null {
    return this.#writer.desiredSize;
  }

  write(chunk?: Chunk): Promise<undefined> {
    return this.#writer.write(chunk);
  }

  close(): Promise<undefined> {
    return this.#writer.close();
  }

  abort(reason?: unknown): Promise<undefined> {
    return this.#writer.abort(reason);
  }

  releaseLock(): void {
    this.#writer.release();
  }
}

asWebInterface(WritableStreamDefaultWriter, "WritableStreamDefaultWriter");

/** What a sink sees of its stream. */
export class WritableStreamDefaultController {
  declare readonly [Symbol.toStringTag]: string;
  readonly #core: WritableCore;

  constructor(internal: Internal<WritableCore>) {
    if (!(internal instanceof Internal)) throw new TypeError("Illegal constructor");
    this.#core = internal.core;
  }

  /** Aborted together with the stream. */
  get signal(): AbortSignal {
    return this.#core.abortController.signal;
  }

  error(reason?: unknown): void {
    this.#core.error(reason);
  }
}

asWebInterface(WritableStreamDefaultController, "WritableStreamDefaultController");

/** The internals of a WritableStream; null for anything else. */
export function writableCoreOf(value: unknown): WritableCore | null {
  if (typeof value !== "object" || value === null || !isStream(value)) return null;
  return coreOf(value as WritableStream<never>);
}

/** The stream that shows these internals to a plugin. */
export function writableOf<Chunk>(core: WritableCore): WritableStream<Chunk> {
  return new WritableStream<Chunk>(new Internal(core) as never);
}

function coreOfSink(sink: object | undefined, strategy: QueuingStrategy | undefined): WritableCore {
  const abort = methodOf(sink, "abort");
  const close = methodOf(sink, "close");
  const start = methodOf(sink, "start");
  if ((sink as { type?: unknown } | undefined)?.type !== undefined) {
    throw new RangeError("WritableStream: a sink has no type");
  }
  const write = methodOf(sink, "write");
  const size = sizeOf(strategy);
  const highWaterMark = highWaterMarkOf(strategy, 1);
  const algorithms = {
    write: (chunk: unknown) => callMethod(write, sink, chunk, controller),
    close: () => callMethod(close, sink),
    abort: (reason: unknown) => callMethod(abort, sink, reason),
  };
  const core: WritableCore = new WritableCore(algorithms, highWaterMark, size);
  const controller: object = new WritableStreamDefaultController(new Internal(core));
  core.startAfter(start === null ? undefined : Reflect.apply(start, sink, [controller]));
  return core;
}
