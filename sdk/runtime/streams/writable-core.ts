/**
 * The machinery of a writable stream: chunks wait in a queue and reach the sink one by one
 * (Streams Standard, section 5). Plugins see it through `WritableStream` alone.
 */
import { AbortController } from "../web/abort.ts";
import { type Method, markHandled, nothing, SizedQueue } from "./parts.ts";

export interface SinkAlgorithms {
  readonly write: (chunk: unknown) => Promise<unknown>;
  readonly close: () => Promise<unknown>;
  readonly abort: (reason: unknown) => Promise<unknown>;
}

interface PendingAbort {
  readonly reason: unknown;
  readonly wasErroring: boolean;
  readonly done: PromiseWithResolvers<undefined>;
}

type Deferred = PromiseWithResolvers<undefined>;

/** Stands in the queue for the end of the stream. */
const end = Symbol("end");

export class WritableCore {
  state: "writable" | "closed" | "erroring" | "errored" = "writable";
  storedError: unknown = undefined;
  writer: WriterCore | null = null;
  hasBackpressure: boolean;
  readonly abortController = new AbortController();
  private sink: SinkAlgorithms | null;
  private readonly queue = new SizedQueue();
  private readonly highWaterMark: number;
  private size: Method | null;
  private isStarted = false;
  /** Of the chunks in the queue, in their order. */
  private writes: Deferred[] = [];
  private writing: Deferred | null = null;
  private closeAsked: Deferred | null = null;
  private closing: Deferred | null = null;
  private aborting: PendingAbort | null = null;

  constructor(sink: SinkAlgorithms, highWaterMark: number, size: Method | null = null) {
    this.sink = sink;
    this.highWaterMark = highWaterMark;
    this.size = size;
    this.hasBackpressure = highWaterMark <= 0;
  }

  get isLocked(): boolean {
    return this.writer !== null;
  }

  get isClosing(): boolean {
    return this.closeAsked !== null || this.closing !== null;
  }

  get desiredSize(): number | null {
    if (this.state === "errored" || this.state === "erroring") return null;
    return this.state === "closed" ? 0 : this.room;
  }

  private get room(): number {
    return this.highWaterMark - this.queue.total;
  }

  /** Nothing is written before the sink's start is over. */
  startAfter(start: unknown): void {
    Promise.resolve(start).then(
      () => {
        this.isStarted = true;
        this.advance();
      },
      (error) => {
        this.isStarted = true;
        this.dealWithRejection(error);
      },
    );
  }

  write(chunk: unknown, writer: WriterCore): Promise<undefined> {
    const size = this.measure(chunk);
    if (this.writer !== writer) return Promise.reject(new TypeError("The writer has released its stream"));
    if (this.state === "errored") return Promise.reject(this.storedError);
    if (this.isClosing || this.state === "closed") {
      return Promise.reject(new TypeError("Cannot write to a stream that is closing or closed"));
    }
    if (this.state === "erroring") return Promise.reject(this.storedError);
    const written = Promise.withResolvers<undefined>();
    this.writes.push(written);
    this.enqueue(chunk, size);
    return written.promise;
  }

  close(): Promise<undefined> {
    if (this.state === "closed" || this.state === "errored") {
      return Promise.reject(new TypeError(`Cannot close a stream that is ${this.state}`));
    }
    if (this.isClosing) return Promise.reject(new TypeError("The stream is closing already"));
    this.closeAsked = Promise.withResolvers<undefined>();
    const { promise } = this.closeAsked;
    if (this.hasBackpressure && this.state === "writable") this.writer?.setReady();
    this.queue.push(end, 0);
    this.advance();
    return promise;
  }

  abort(reason: unknown): Promise<undefined> {
    if (this.state === "closed" || this.state === "errored") return nothing;
    this.abortController.abort(reason);
    // What listens to the signal may have changed the state.
    if (this.isOver()) return nothing;
    if (this.aborting !== null) return this.aborting.done.promise;
    const wasErroring = this.state === "erroring";
    const done = Promise.withResolvers<undefined>();
    this.aborting = { reason: wasErroring ? undefined : reason, wasErroring, done };
    if (!wasErroring) this.startErroring(reason);
    return done.promise;
  }

  /** The sink gave up. */
  error(reason: unknown): void {
    if (this.state === "writable") this.startErroring(reason);
  }

  startErroring(reason: unknown): void {
    this.state = "erroring";
    this.storedError = reason;
    this.size = null;
    this.writer?.failReady(reason);
    if (this.writing === null && this.closing === null && this.isStarted) this.finishErroring();
  }

  private isOver(): boolean {
    return this.state === "closed" || this.state === "errored";
  }

  private measure(chunk: unknown): number {
    if (this.size === null) return 1;
    try {
      const { size } = this;
      return Number(size(chunk));
    } catch (error) {
      this.error(error);
      return 1;
    }
  }

  private enqueue(chunk: unknown, size: number): void {
    try {
      this.queue.push(chunk, size);
    } catch (error) {
      this.error(error);
      return;
    }
    if (!this.isClosing && this.state === "writable") this.setBackpressure(this.room <= 0);
    this.advance();
  }

  private setBackpressure(backpressure: boolean): void {
    if (backpressure !== this.hasBackpressure) {
      if (backpressure) this.writer?.resetReady();
      else this.writer?.setReady();
    }
    this.hasBackpressure = backpressure;
  }

  private advance(): void {
    if (!this.isStarted || this.writing !== null || this.closing !== null || this.isOver()) return;
    if (this.state === "erroring") this.finishErroring();
    else if (this.queue.length > 0) this.processNext(this.queue.peek());
  }

  private processNext(next: unknown): void {
    if (next === end) this.processClose();
    else this.processWrite(next);
  }

  private processWrite(chunk: unknown): void {
    this.writing = this.writes.shift()!;
    this.sink!.write(chunk).then(
      () => {
        this.writing!.resolve(undefined);
        this.writing = null;
        this.queue.shift();
        if (!this.isClosing && this.state === "writable") this.setBackpressure(this.room <= 0);
        this.advance();
      },
      (error) => {
        this.writing!.reject(error);
        this.writing = null;
        if (this.state === "writable") this.sink = null;
        this.dealWithRejection(error);
      },
    );
  }

  private processClose(): void {
    this.closing = this.closeAsked;
    this.closeAsked = null;
    this.queue.shift();
    const closed = this.sink!.close();
    this.sink = null;
    closed.then(
      () => this.finishClose(),
      (error) => {
        this.closing!.reject(error);
        this.closing = null;
        this.aborting?.done.reject(error);
        this.aborting = null;
        this.dealWithRejection(error);
      },
    );
  }

  private finishClose(): void {
    this.closing!.resolve(undefined);
    this.closing = null;
    if (this.state === "erroring") {
      this.storedError = undefined;
      this.aborting?.done.resolve(undefined);
      this.aborting = null;
    }
    this.state = "closed";
    this.writer?.onClose();
  }

  private dealWithRejection(error: unknown): void {
    if (this.state === "writable") this.startErroring(error);
    else if (this.state === "erroring") this.finishErroring();
  }

  private finishErroring(): void {
    this.state = "errored";
    this.queue.clear();
    for (const write of this.writes) write.reject(this.storedError);
    this.writes = [];
    const { aborting, sink } = this;
    this.sink = null;
    this.aborting = null;
    if (aborting !== null && !aborting.wasErroring) {
      this.abortSink(sink, aborting);
      return;
    }
    aborting?.done.reject(this.storedError);
    this.rejectWaiting();
  }

  private abortSink(sink: SinkAlgorithms | null, { reason, done }: PendingAbort): void {
    const aborted = sink === null ? nothing : sink.abort(reason);
    aborted.then(
      () => {
        done.resolve(undefined);
        this.rejectWaiting();
      },
      (error) => {
        done.reject(error);
        this.rejectWaiting();
      },
    );
  }

  private rejectWaiting(): void {
    if (this.closeAsked !== null) {
      this.closeAsked.reject(this.storedError);
      this.closeAsked = null;
    }
    this.writer?.onError(this.storedError);
  }
}

/** Holds the lock of a stream. */
export class WriterCore {
  stream: WritableCore | null;
  private readying = Promise.withResolvers<undefined>();
  private isReadyPending = true;
  private closing = Promise.withResolvers<undefined>();
  private isClosedPending = true;

  constructor(stream: WritableCore) {
    if (stream.isLocked) throw new TypeError("The stream is locked to a writer");
    this.stream = stream;
    stream.writer = this;
    markHandled(this.readying.promise);
    markHandled(this.closing.promise);
    if (stream.state === "errored") this.onError(stream.storedError);
    else if (stream.state === "erroring") this.failReady(stream.storedError);
    else if (stream.state === "closed") this.onClose();
    else if (stream.isClosing || !stream.hasBackpressure) this.setReady();
  }

  get ready(): Promise<undefined> {
    return this.readying.promise;
  }

  get closed(): Promise<undefined> {
    return this.closing.promise;
  }

  get desiredSize(): number | null {
    if (this.stream === null) throw releasedError();
    return this.stream.desiredSize;
  }

  write(chunk: unknown): Promise<undefined> {
    return this.stream === null ? Promise.reject(releasedError()) : this.stream.write(chunk, this);
  }

  close(): Promise<undefined> {
    return this.stream === null ? Promise.reject(releasedError()) : this.stream.close();
  }

  abort(reason: unknown): Promise<undefined> {
    return this.stream === null ? Promise.reject(releasedError()) : this.stream.abort(reason);
  }

  release(): void {
    if (this.stream === null) return;
    this.stream.writer = null;
    this.stream = null;
    const error = releasedError();
    this.failReady(error);
    this.failClosed(error);
  }

  setReady(): void {
    this.readying.resolve(undefined);
    this.isReadyPending = false;
  }

  resetReady(): void {
    this.readying = Promise.withResolvers<undefined>();
    this.isReadyPending = true;
    markHandled(this.readying.promise);
  }

  failReady(reason: unknown): void {
    if (!this.isReadyPending) this.resetReady();
    this.readying.reject(reason);
    this.isReadyPending = false;
  }

  onClose(): void {
    this.setReady();
    this.closing.resolve(undefined);
    this.isClosedPending = false;
  }

  onError(reason: unknown): void {
    if (this.isReadyPending) this.failReady(reason);
    this.failClosed(reason);
  }

  private failClosed(reason: unknown): void {
    if (!this.isClosedPending) {
      this.closing = Promise.withResolvers<undefined>();
      markHandled(this.closing.promise);
    }
    this.closing.reject(reason);
    this.isClosedPending = false;
  }
}

function releasedError(): TypeError {
  return new TypeError("The writer has released its stream");
}
