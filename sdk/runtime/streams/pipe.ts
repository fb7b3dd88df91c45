import { type AbortSignal, onAbort } from "../web/abort.ts";
import { markHandled, nothing } from "./parts.ts";
import { type ReadableCore, ReaderCore } from "./readable-core.ts";
import { type WritableCore, WriterCore } from "./writable-core.ts";

export interface PipeRules {
  readonly preventClose: boolean;
  readonly preventAbort: boolean;
  readonly preventCancel: boolean;
  readonly signal: AbortSignal | null;
}

/**
 * Moves chunks from one stream to the other until either ends; it reads no faster than the other
 * takes them (Streams Standard, ReadableStreamPipeTo).
 */
export function pipe(source: ReadableCore, target: WritableCore, rules: PipeRules): Promise<undefined> {
  return new Pipe(source, target, rules).done.promise;
}

class Pipe {
  readonly done = Promise.withResolvers<undefined>();
  private readonly source: ReadableCore;
  private readonly target: WritableCore;
  private readonly rules: PipeRules;
  private readonly reader: ReaderCore;
  private readonly writer: WriterCore;
  private isEnding = false;
  private lastWrite: Promise<unknown> = nothing;
  private stopListening: () => void = () => {};

  constructor(source: ReadableCore, target: WritableCore, rules: PipeRules) {
    this.source = source;
    this.target = target;
    this.rules = rules;
    this.reader = new ReaderCore(source);
    this.writer = new WriterCore(target);
    source.isDisturbed = true;
    const { signal } = rules;
    if (signal?.aborted) {
      this.onSignal(signal);
    } else {
      if (signal !== null) this.stopListening = onAbort(signal, () => this.onSignal(signal));
      this.watchEnds();
      this.move();
    }
  }

  private onSignal(signal: AbortSignal): void {
    const error = signal.reason;
    this.end(
      async () => {
        const ends: Promise<unknown>[] = [];
        if (!this.rules.preventAbort && this.target.state === "writable") ends.push(this.target.abort(error));
        if (!this.rules.preventCancel && this.source.state === "readable") {
          ends.push(this.source.cancel(error));
        }
        await Promise.all(ends);
      },
      { error },
    );
  }

  private watchEnds(): void {
    const { source, target } = this;
    if (source.state === "errored") this.onSourceError(source.storedError);
    else
      this.reader.closed.then(
        () => this.onSourceClose(),
        (error) => this.onSourceError(error),
      );
    if (target.state === "errored") this.onTargetError(target.storedError);
    else this.writer.closed.then(undefined, (error) => this.onTargetError(error));
    if (source.state === "closed") this.onSourceClose();
    if (target.isClosing || target.state === "closed") this.onTargetClose();
  }

  private onSourceError(error: unknown): void {
    const action = this.rules.preventAbort ? null : () => this.target.abort(error);
    this.end(action, { error });
  }

  private onTargetError(error: unknown): void {
    const action = this.rules.preventCancel ? null : () => this.source.cancel(error);
    this.end(action, { error });
  }

  private onSourceClose(): void {
    this.end(this.rules.preventClose ? null : () => this.closeTarget(), null);
  }

  private onTargetClose(): void {
    const error = new TypeError("Cannot pipe: the destination is closed");
    this.end(this.rules.preventCancel ? null : () => this.source.cancel(error), { error });
  }

  private closeTarget(): Promise<unknown> {
    if (this.target.isClosing || this.target.state === "closed") return nothing;
    if (this.target.state === "errored") return Promise.reject(this.target.storedError);
    return this.writer.close();
  }

  /** Reads while the target has room. */
  private async move(): Promise<void> {
    while (!this.isEnding) {
      try {
        await this.writer.ready;
      } catch {
        return;
      }
      if (this.isEnding || !(await this.moveOne())) return;
    }
  }

  /** False at the end of the source. */
  private moveOne(): Promise<boolean> {
    return new Promise((resolve) => {
      this.source.read({
        chunk: (value) => {
          // A turn later: who enqueues a chunk is not in the middle of its sink's write.
          this.lastWrite = nothing.then(() => this.writer.write(value));
          markHandled(this.lastWrite);
          nothing.then(() => resolve(true));
        },
        close: () => resolve(false),
        error: () => resolve(false),
      });
    });
  }

  /** What was read is written first, unless the target takes no more. */
  private end(action: (() => Promise<unknown>) | null, failure: { error: unknown } | null): void {
    if (this.isEnding) return;
    this.isEnding = true;
    const finish = (): void => {
      (action === null ? nothing : action()).then(
        () => this.finalize(failure),
        (error) => this.finalize({ error }),
      );
    };
    if (this.target.state === "writable" && !this.target.isClosing) this.waitForWrites().then(finish);
    else finish();
  }

  private async waitForWrites(): Promise<void> {
    let last: Promise<unknown>;
    do {
      last = this.lastWrite;
      await last.then(undefined, () => {});
    } while (last !== this.lastWrite);
  }

  private finalize(failure: { error: unknown } | null): void {
    this.stopListening();
    this.reader.release();
    this.writer.release();
    if (failure === null) this.done.resolve(undefined);
    else this.done.reject(failure.error);
  }
}
