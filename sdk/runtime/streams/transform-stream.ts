/** `TransformStream` of the Streams Standard, section 6. */

import { asWebInterface } from "../web-interface.ts";
import {
  callMethod,
  highWaterMarkOf,
  Internal,
  type Method,
  methodOf,
  nothing,
  type QueuingStrategy,
  sizeOf,
} from "./parts.ts";
import { ReadableCore } from "./readable-core.ts";
import { type ReadableStream, streamOf } from "./readable-stream.ts";
import { WritableCore } from "./writable-core.ts";
import { type WritableStream, writableOf } from "./writable-stream.ts";

export interface Transformer<In = unknown, Out = unknown> {
  readableType?: undefined;
  writableType?: undefined;
  start?(controller: TransformStreamDefaultController<Out>): unknown;
  transform?(chunk: In, controller: TransformStreamDefaultController<Out>): unknown;
  flush?(controller: TransformStreamDefaultController<Out>): unknown;
  cancel?(reason?: unknown): unknown;
}

/**
 * What is written comes out changed.
 *
 * @example
 * const upper = new TransformStream({
 *   transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
 * });
 */
export class TransformStream<In = unknown, Out = unknown> {
  declare readonly [Symbol.toStringTag]: string;
  readonly #readable: ReadableStream<Out>;
  readonly #writable: WritableStream<In>;

  constructor(
    transformer?: Transformer<In, Out>,
    writableStrategy?: QueuingStrategy<In>,
    readableStrategy?: QueuingStrategy<Out>,
  ) {
    const core = new TransformCore(transformer, writableStrategy as never, readableStrategy as never);
    this.#readable = streamOf<Out>(core.readable);
    this.#writable = writableOf<In>(core.writable);
  }

  get readable(): ReadableStream<Out> {
    return this.#readable;
  }

  get writable(): WritableStream<In> {
    return this.#writable;
  }
}

asWebInterface(TransformStream, "TransformStream");

/** What a transformer gives its results to. */
export class TransformStreamDefaultController<Out = unknown> {
  declare readonly [Symbol.toStringTag]: string;
  readonly #core: TransformCore;

  constructor(internal: Internal<TransformCore>) {
    if (!(internal instanceof Internal)) throw new TypeError("Illegal constructor");
    this.#core = internal.core;
  }

  get desiredSize(): number | null {
    return this.#core.readable.desiredSize;
  }

  enqueue(chunk?: Out): void {
    this.#core.enqueue(chunk);
  }

  error(reason?: unknown): void {
    this.#core.error(reason);
  }

  terminate(): void {
    this.#core.terminate();
  }
}

asWebInterface(TransformStreamDefaultController, "TransformStreamDefaultController");

class TransformCore {
  readonly readable: ReadableCore;
  readonly writable: WritableCore;
  private readonly transformer: object | undefined;
  private readonly controller: TransformStreamDefaultController;
  private transform: Method | null;
  private flush: Method | null;
  private cancel: Method | null;
  private hasBackpressure = true;
  private change = Promise.withResolvers<undefined>();
  /** The end of the stream, once it has begun from either side. */
  private finish: PromiseWithResolvers<undefined> | null = null;

  constructor(transformer: object | undefined, writable?: QueuingStrategy, readable?: QueuingStrategy) {
    this.transformer = transformer;
    this.cancel = methodOf(transformer, "cancel");
    this.flush = methodOf(transformer, "flush");
    refuseType(transformer, "readableType");
    const start = methodOf(transformer, "start");
    this.transform = methodOf(transformer, "transform");
    refuseType(transformer, "writableType");
    const readableMark = highWaterMarkOf(readable, 0);
    const readableSize = sizeOf(readable);
    const writableMark = highWaterMarkOf(writable, 1);
    const writableSize = sizeOf(writable);
    this.writable = new WritableCore(
      {
        write: (chunk) => this.sinkWrite(chunk),
        close: () => this.sinkClose(),
        abort: (reason) => this.sinkAbort(reason),
      },
      writableMark,
      writableSize,
    );
    this.readable = new ReadableCore(
      { pull: () => this.sourcePull(), cancel: (reason) => this.sourceCancel(reason) },
      readableMark,
      readableSize,
    );
    this.controller = new TransformStreamDefaultController(new Internal(this));
    const started = Promise.withResolvers<unknown>();
    this.writable.startAfter(started.promise);
    this.readable.startAfter(started.promise);
    started.resolve(start === null ? undefined : Reflect.apply(start, transformer, [this.controller]));
  }

  enqueue(chunk: unknown): void {
    if (!this.readable.canEnqueue) throw new TypeError("The stream takes no more chunks");
    try {
      this.readable.enqueue(chunk);
    } catch (error) {
      this.errorWritable(error);
      throw this.readable.storedError;
    }
    if (!this.readable.wantsMore && !this.hasBackpressure) this.setBackpressure(true);
  }

  error(reason: unknown): void {
    this.readable.error(reason);
    this.errorWritable(reason);
  }

  terminate(): void {
    if (this.readable.canEnqueue) this.readable.closeWhenEmpty();
    this.errorWritable(new TypeError("The transform was terminated"));
  }

  private setBackpressure(backpressure: boolean): void {
    this.change.resolve(undefined);
    this.change = Promise.withResolvers<undefined>();
    this.hasBackpressure = backpressure;
  }

  private errorWritable(reason: unknown): void {
    this.forget();
    this.writable.error(reason);
    this.unblockWrite();
  }

  private unblockWrite(): void {
    if (this.hasBackpressure) this.setBackpressure(false);
  }

  private forget(): void {
    this.transform = passNothing;
    this.flush = null;
    this.cancel = null;
  }

  private async sinkWrite(chunk: unknown): Promise<void> {
    if (this.hasBackpressure) {
      await this.change.promise;
      if (this.writable.state === "erroring") throw this.writable.storedError;
    }
    await this.runTransform(chunk);
  }

  private async runTransform(chunk: unknown): Promise<void> {
    try {
      if (this.transform === null) this.enqueue(chunk);
      else await Reflect.apply(this.transform, this.transformer, [chunk, this.controller]);
    } catch (error) {
      this.error(error);
      throw error;
    }
  }

  private sinkClose(): Promise<unknown> {
    if (this.finish !== null) return this.finish.promise;
    const finish = this.begin();
    const flushed = callMethod(this.flush, this.transformer, this.controller);
    this.forget();
    flushed.then(
      () => {
        if (this.readable.state === "errored") return finish.reject(this.readable.storedError);
        if (this.readable.canEnqueue) this.readable.closeWhenEmpty();
        finish.resolve(undefined);
      },
      (error) => {
        this.readable.error(error);
        finish.reject(error);
      },
    );
    return finish.promise;
  }

  private sinkAbort(reason: unknown): Promise<unknown> {
    if (this.finish !== null) return this.finish.promise;
    const finish = this.begin();
    const cancelled = callMethod(this.cancel, this.transformer, reason);
    this.forget();
    cancelled.then(
      () => {
        if (this.readable.state === "errored") return finish.reject(this.readable.storedError);
        this.readable.error(reason);
        finish.resolve(undefined);
      },
      (error) => {
        this.readable.error(error);
        finish.reject(error);
      },
    );
    return finish.promise;
  }

  private sourcePull(): Promise<unknown> {
    this.setBackpressure(false);
    return this.change.promise;
  }

  private sourceCancel(reason: unknown): Promise<unknown> {
    if (this.finish !== null) return this.finish.promise;
    const finish = this.begin();
    const cancelled = callMethod(this.cancel, this.transformer, reason);
    this.forget();
    cancelled.then(
      () => {
        if (this.writable.state === "errored") return finish.reject(this.writable.storedError);
        this.writable.error(reason);
        this.unblockWrite();
        finish.resolve(undefined);
      },
      (error) => {
        this.writable.error(error);
        this.unblockWrite();
        finish.reject(error);
      },
    );
    return finish.promise;
  }

  private begin(): PromiseWithResolvers<undefined> {
    this.finish = Promise.withResolvers<undefined>();
    this.finish.promise.then(undefined, () => {});
    return this.finish;
  }
}

function passNothing(): Promise<undefined> {
  return nothing;
}

function refuseType(transformer: object | undefined, name: string): void {
  if ((transformer as Record<string, unknown> | undefined)?.[name] !== undefined) {
    throw new RangeError(`TransformStream: ${name} is not supported`);
  }
}
