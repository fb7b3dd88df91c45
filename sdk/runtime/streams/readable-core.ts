/**
 * The machinery of a readable stream: a queue, whoever waits for its chunks, and a source that is
 * asked for more (Streams Standard, section 4). Plugins see it through `ReadableStream` alone.
 */
import { type Method, markHandled, SizedQueue } from "./parts.ts";

/** Where a chunk goes; called at once, without a promise between. */
export interface ReadRequest {
  chunk(value: unknown): void;
  close(): void;
  error(reason: unknown): void;
}

export interface SourceAlgorithms {
  readonly pull: () => Promise<unknown>;
  readonly cancel: (reason: unknown) => Promise<unknown>;
}

export class ReadableCore {
  state: "readable" | "closed" | "errored" = "readable";
  storedError: unknown = undefined;
  isDisturbed = false;
  reader: ReaderCore | null = null;
  private source: SourceAlgorithms | null;
  private readonly queue = new SizedQueue();
  private readonly highWaterMark: number;
  private size: Method | null;
  private isStarted = false;
  private isClosing = false;
  private isPulling = false;
  private pullsAgain = false;

  constructor(source: SourceAlgorithms, highWaterMark: number, size: Method | null = null) {
    this.source = source;
    this.highWaterMark = highWaterMark;
    this.size = size;
  }

  get isLocked(): boolean {
    return this.reader !== null;
  }

  get desiredSize(): number | null {
    if (this.state === "errored") return null;
    return this.state === "closed" ? 0 : this.highWaterMark - this.queue.total;
  }

  get canEnqueue(): boolean {
    return this.state === "readable" && !this.isClosing;
  }

  /** The source may be asked as soon as its start is over. */
  startAfter(start: unknown): void {
    Promise.resolve(start).then(
      () => {
        this.isStarted = true;
        this.pullIfNeeded();
      },
      (error) => this.error(error),
    );
  }

  enqueue(chunk: unknown): void {
    if (!this.canEnqueue) throw new TypeError("The stream takes no more chunks");
    const request = this.reader?.requests.shift();
    if (request === undefined) this.addToQueue(chunk);
    else request.chunk(chunk);
    this.pullIfNeeded();
  }

  /** What is queued can still be read. */
  closeWhenEmpty(): void {
    if (!this.canEnqueue) throw new TypeError("The stream is closed already");
    this.isClosing = true;
    if (this.queue.length === 0) this.close();
  }

  error(reason: unknown): void {
    if (this.state !== "readable") return;
    this.queue.clear();
    this.forgetSource();
    this.state = "errored";
    this.storedError = reason;
    this.reader?.onError(reason);
  }

  read(request: ReadRequest): void {
    this.isDisturbed = true;
    if (this.state === "closed") request.close();
    else if (this.state === "errored") request.error(this.storedError);
    else if (this.queue.length > 0) this.giveQueued(request);
    else {
      this.reader!.requests.push(request);
      this.pullIfNeeded();
    }
  }

  private giveQueued(request: ReadRequest): void {
    const chunk = this.queue.shift();
    if (this.isClosing && this.queue.length === 0) this.close();
    else this.pullIfNeeded();
    request.chunk(chunk);
  }

  async cancel(reason: unknown): Promise<undefined> {
    this.isDisturbed = true;
    if (this.state === "closed") return;
    if (this.state === "errored") throw this.storedError;
    const { source } = this;
    this.queue.clear();
    this.close();
    await source?.cancel(reason);
  }

  pullIfNeeded(): void {
    if (!this.shouldPull()) return;
    if (this.isPulling) {
      this.pullsAgain = true;
      return;
    }
    this.isPulling = true;
    this.source!.pull().then(
      () => {
        this.isPulling = false;
        if (!this.pullsAgain) return;
        this.pullsAgain = false;
        this.pullIfNeeded();
      },
      (error) => this.error(error),
    );
  }

  private shouldPull(): boolean {
    return this.isStarted && this.wantsMore;
  }

  get wantsMore(): boolean {
    if (!this.canEnqueue) return false;
    return (this.reader !== null && this.reader.requests.length > 0) || this.desiredSize! > 0;
  }

  private addToQueue(chunk: unknown): void {
    try {
      const { size } = this;
      this.queue.push(chunk, size === null ? 1 : Number(size(chunk)));
    } catch (error) {
      this.error(error);
      throw error;
    }
  }

  private close(): void {
    this.forgetSource();
    this.state = "closed";
    this.reader?.onClose();
  }

  private forgetSource(): void {
    this.source = null;
    this.size = null;
  }
}

/** Holds the lock of a stream. */
export class ReaderCore {
  stream: ReadableCore | null;
  requests: ReadRequest[] = [];
  /** Made when somebody asks for it. */
  private closing: PromiseWithResolvers<undefined> | null = null;

  constructor(stream: ReadableCore) {
    if (stream.isLocked) throw new TypeError("The stream is locked to a reader");
    this.stream = stream;
    stream.reader = this;
  }

  get closed(): Promise<undefined> {
    if (this.closing === null) {
      this.closing = Promise.withResolvers<undefined>();
      markHandled(this.closing.promise);
      if (this.stream === null) this.closing.reject(releasedError());
      else if (this.stream.state === "closed") this.closing.resolve(undefined);
      else if (this.stream.state === "errored") this.closing.reject(this.stream.storedError);
    }
    return this.closing.promise;
  }

  read(): Promise<IteratorResult<unknown, undefined>> {
    const { stream } = this;
    if (stream === null) return Promise.reject(releasedError());
    return new Promise((resolve, reject) => {
      stream.read({
        chunk: (value) => resolve({ value, done: false }),
        close: () => resolve({ value: undefined, done: true }),
        error: reject,
      });
    });
  }

  cancel(reason: unknown): Promise<undefined> {
    return this.stream === null ? Promise.reject(releasedError()) : this.stream.cancel(reason);
  }

  release(): void {
    if (this.stream === null) return;
    const wasOpen = this.stream.state === "readable";
    this.stream.reader = null;
    this.stream = null;
    if (wasOpen) this.closing?.reject(releasedError());
    else this.closing = null;
    for (const request of this.takeRequests()) request.error(releasedError());
  }

  onClose(): void {
    this.closing?.resolve(undefined);
    for (const request of this.takeRequests()) request.close();
  }

  onError(reason: unknown): void {
    this.closing?.reject(reason);
    for (const request of this.takeRequests()) request.error(reason);
  }

  private takeRequests(): ReadRequest[] {
    const { requests } = this;
    this.requests = [];
    return requests;
  }
}

function releasedError(): TypeError {
  return new TypeError("The reader has released its stream");
}
