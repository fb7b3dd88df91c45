/** `ReadableStream` of the Streams Standard, without byte streams of its own kind (`type: "bytes"`). */
import { AbortSignal } from "../web/abort.ts";
import { asWebInterface } from "../web-interface.ts";
import {
  callMethod,
  highWaterMarkOf,
  Internal,
  methodOf,
  nothing,
  type QueuingStrategy,
  sizeOf,
} from "./parts.ts";
import { pipe } from "./pipe.ts";
import { ReadableCore, ReaderCore } from "./readable-core.ts";
import { teeCore } from "./tee.ts";
import { type WritableStream, writableCoreOf } from "./writable-stream.ts";

export interface UnderlyingSource<Chunk = unknown> {
  type?: undefined;
  start?(controller: ReadableStreamDefaultController<Chunk>): unknown;
  pull?(controller: ReadableStreamDefaultController<Chunk>): unknown;
  cancel?(reason?: unknown): unknown;
}

export interface PipeOptions {
  preventClose?: boolean;
  preventAbort?: boolean;
  preventCancel?: boolean;
  signal?: AbortSignal;
}

let coreOf: (stream: ReadableStream<never>) => ReadableCore;
let isStream: (value: object) => boolean;

/**
 * Chunks that come one after the other, no faster than they are read.
 *
 * @example const upper = response.body.pipeThrough(new TextDecoderStream());
 */
export class ReadableStream<Chunk = unknown> {
  declare readonly [Symbol.toStringTag]: string;
  declare readonly [Symbol.asyncIterator]: () => AsyncIterableIterator<Chunk>;
  readonly #core: ReadableCore;

  static {
    coreOf = (stream) => stream.#core;
    isStream = (value) => #core in value;
  }

  constructor(source?: UnderlyingSource<Chunk> | null, strategy?: QueuingStrategy<Chunk>) {
    if (source instanceof Internal) {
      this.#core = source.core as ReadableCore;
      return;
    }
    if (source !== undefined && (source === null || typeof source !== "object")) {
      if (typeof source !== "function") throw new TypeError("ReadableStream: the source is not an object");
    }
    this.#core = coreOfSource(source, strategy as QueuingStrategy | undefined);
  }

  /** A stream of what can be iterated. */
  static from<Item>(items: AsyncIterable<Item> | Iterable<Item | PromiseLike<Item>>): ReadableStream<Item> {
    return streamOf<Item>(coreOfIterable(items));
  }

  get locked(): boolean {
    return this.#core.isLocked;
  }

  async cancel(reason?: unknown): Promise<undefined> {
    if (this.#core.isLocked) throw new TypeError("Cannot cancel a stream that is locked to a reader");
    return this.#core.cancel(reason);
  }

  getReader(options?: { mode?: undefined }): ReadableStreamDefaultReader<Chunk> {
    if (options?.mode !== undefined) throw new TypeError("getReader: there are no BYOB readers here");
    return new ReadableStreamDefaultReader<Chunk>(this);
  }

  tee(): [ReadableStream<Chunk>, ReadableStream<Chunk>] {
    const [one, two] = teeCore(this.#core);
    return [streamOf(one), streamOf(two)];
  }

  async pipeTo(destination: WritableStream<Chunk>, options?: PipeOptions): Promise<undefined> {
    const target = writableCoreOf(destination);
    if (target === null) throw new TypeError("pipeTo: the destination is not a WritableStream");
    const checked = pipeOptionsOf(options);
    if (this.#core.isLocked || target.isLocked) throw new TypeError("pipeTo: a stream is locked");
    return pipe(this.#core, target, checked);
  }

  pipeThrough<Out>(
    pair: { readonly readable: ReadableStream<Out>; readonly writable: WritableStream<Chunk> },
    options?: PipeOptions,
  ): ReadableStream<Out> {
    const { readable, writable } = pair;
    if (!isReadableStream(readable)) throw new TypeError("pipeThrough: readable is not a ReadableStream");
    const target = writableCoreOf(writable);
    if (target === null) throw new TypeError("pipeThrough: writable is not a WritableStream");
    const checked = pipeOptionsOf(options);
    if (this.#core.isLocked || target.isLocked) throw new TypeError("pipeThrough: a stream is locked");
    pipe(this.#core, target, checked).then(undefined, () => {});
    return readable as ReadableStream<Out>;
  }

  values(options?: { preventCancel?: boolean }): AsyncIterableIterator<Chunk> {
    return iterate(new ReaderCore(this.#core), Boolean(options?.preventCancel)) as never;
  }
}

asWebInterface(ReadableStream, "ReadableStream");

Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
  value: ReadableStream.prototype.values,
  writable: true,
  configurable: true,
  enumerable: false,
});

/** Reads the chunks of a stream that it keeps locked. */
export class ReadableStreamDefaultReader<Chunk = unknown> {
  declare readonly [Symbol.toStringTag]: string;
  readonly #reader: ReaderCore;

  constructor(stream: ReadableStream<Chunk>) {
    if (!isReadableStream(stream)) throw new TypeError("A reader needs a ReadableStream");
    this.#reader = new ReaderCore(coreOf(stream as ReadableStream<never>));
  }

  get closed(): Promise<undefined> {
    return this.#reader.closed;
  }

  read(): Promise<IteratorResult<Chunk, undefined>> {
    return this.#reader.read() as Promise<IteratorResult<Chunk, undefined>>;
  }

  async cancel(reason?: unknown): Promise<undefined> {
    return this.#reader.cancel(reason);
  }

  releaseLock(): void {
    this.#reader.release();
  }
}

asWebInterface(ReadableStreamDefaultReader, "ReadableStreamDefaultReader");

/** What the source of a stream fills it with. */
export class ReadableStreamDefaultController<Chunk = unknown> {
  declare readonly [Symbol.toStringTag]: string;
  readonly #core: ReadableCore;

  constructor(internal: Internal<ReadableCore>) {
    if (!(internal instanceof Internal)) throw new TypeError("Illegal constructor");
    this.#core = internal.core;
  }

  get desiredSize(): number | null {
    return this.#core.desiredSize;
  }

  enqueue(chunk?: Chunk): void {
    this.#core.enqueue(chunk);
  }

  close(): void {
    this.#core.closeWhenEmpty();
  }

  error(reason?: unknown): void {
    this.#core.error(reason);
  }
}

asWebInterface(ReadableStreamDefaultController, "ReadableStreamDefaultController");

/** The stream that shows these internals to a plugin. */
export function streamOf<Chunk>(core: ReadableCore): ReadableStream<Chunk> {
  return new ReadableStream<Chunk>(new Internal(core) as never);
}

export function isReadableStream(value: unknown): value is ReadableStream {
  return typeof value === "object" && value !== null && isStream(value);
}

/** For the runtime: reads, tees and cancels without asking the methods that a plugin can change. */
export function readableCoreOf(stream: ReadableStream<never>): ReadableCore {
  return coreOf(stream);
}

function coreOfSource(source: object | undefined, strategy: QueuingStrategy | undefined): ReadableCore {
  const cancel = methodOf(source, "cancel");
  const pull = methodOf(source, "pull");
  const start = methodOf(source, "start");
  if ((source as { type?: unknown } | undefined)?.type !== undefined) {
    throw new TypeError("ReadableStream: a source has no type here");
  }
  const size = sizeOf(strategy);
  const highWaterMark = highWaterMarkOf(strategy, 1);
  const algorithms = {
    pull: () => callMethod(pull, source, controller),
    cancel: (reason: unknown) => callMethod(cancel, source, reason),
  };
  const core: ReadableCore = new ReadableCore(algorithms, highWaterMark, size);
  const controller: object = new ReadableStreamDefaultController(new Internal(core));
  core.startAfter(start === null ? undefined : Reflect.apply(start, source, [controller]));
  return core;
}

type AnyIterator = { next: unknown; return?: unknown };

function coreOfIterable(items: unknown): ReadableCore {
  if (items === null || items === undefined) throw new TypeError("ReadableStream.from: nothing to iterate");
  const holder = items as Record<symbol, unknown>;
  const makeAsync = holder[Symbol.asyncIterator];
  const isAsync = makeAsync !== undefined && makeAsync !== null;
  const make = isAsync ? makeAsync : holder[Symbol.iterator];
  if (typeof make !== "function") throw new TypeError("ReadableStream.from: the value cannot be iterated");
  const iterator = mustBeObject(Reflect.apply(make, items, [])) as AnyIterator;
  const { next } = iterator;

  async function pull(): Promise<void> {
    const step = await stepOf(Reflect.apply(next as () => unknown, iterator, []), isAsync);
    if (step.done) core.closeWhenEmpty();
    else core.enqueue(isAsync ? step.value : await step.value);
  }

  async function cancel(reason: unknown): Promise<void> {
    const end = iterator.return;
    if (end === undefined || end === null) return;
    await stepOf(Reflect.apply(end as () => unknown, iterator, [reason]), isAsync);
  }

  const core = new ReadableCore({ pull, cancel }, 0);
  core.startAfter(undefined);
  return core;
}

async function stepOf(result: unknown, isAsync: boolean): Promise<IteratorResult<unknown>> {
  return mustBeObject(isAsync ? await result : result) as IteratorResult<unknown>;
}

function mustBeObject(value: unknown): object {
  if ((typeof value === "object" && value !== null) || typeof value === "function") return value;
  throw new TypeError("ReadableStream.from: an iterator gave something that is not an object");
}

const asyncIteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf(async function* () {}).prototype,
) as object;

interface StreamIterator {
  next(): Promise<IteratorResult<unknown, unknown>>;
  return(value?: unknown): Promise<IteratorResult<unknown, unknown>>;
}

/** One step after the other, however fast they are asked for. */
function iterate(reader: ReaderCore, preventCancel: boolean): StreamIterator {
  let last: Promise<unknown> = nothing;
  let isOver = false;

  async function next(): Promise<IteratorResult<unknown, unknown>> {
    if (isOver) return { value: undefined, done: true };
    try {
      const step = await reader.read();
      if (step.done) end();
      return step;
    } catch (error) {
      end();
      throw error;
    }
  }

  async function finish(value: unknown): Promise<IteratorResult<unknown, unknown>> {
    if (isOver) return { value, done: true };
    const cancelled = preventCancel ? nothing : reader.cancel(value);
    end();
    await cancelled;
    return { value, done: true };
  }

  function end(): void {
    isOver = true;
    reader.release();
  }

  function inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = last.then(step, step);
    last = result;
    return result;
  }

  const iterator = Object.create(asyncIteratorPrototype) as StreamIterator;
  iterator.next = () => inTurn(next);
  iterator.return = (value) => inTurn(() => finish(value));
  return iterator;
}

function pipeOptionsOf(options: PipeOptions | undefined): Required<Omit<PipeOptions, "signal">> & {
  signal: AbortSignal | null;
} {
  const signal = options?.signal;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("The signal is not an AbortSignal");
  }
  return {
    preventClose: Boolean(options?.preventClose),
    preventAbort: Boolean(options?.preventAbort),
    preventCancel: Boolean(options?.preventCancel),
    signal: signal ?? null,
  };
}
