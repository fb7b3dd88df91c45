/** A body on its way through a pipe, whose source waits when it is told to. */
import type { ProxyError } from "../../core/errors.ts";
import type { BodyListener, BodyPipe, PipeMaker } from "../../core/policy/body/pipe.ts";

export interface Passed {
  readonly bytes: Buffer;
  readonly error: ProxyError | null;
}

export interface PassOptions {
  /** The taker stops for a turn of the event loop behind every so many parts; 0: never. */
  readonly stopEvery?: number;
  /** Whether the end follows in the turn of the last part. */
  readonly endsAtOnce?: boolean;
}

/** Passes the parts through what the maker makes. */
export async function through(
  make: PipeMaker,
  parts: readonly Uint8Array[],
  { stopEvery = 0, endsAtOnce = false }: PassOptions = {},
): Promise<Passed> {
  const out: Buffer[] = [];
  const over = Promise.withResolvers<ProxyError | null>();
  let drained = Promise.withResolvers<void>();
  let count = 0;
  const listener: BodyListener = {
    onBodyPart(bytes) {
      out.push(Buffer.from(bytes));
      count++;
      if (stopEvery === 0 || count % stopEvery !== 0) return;
      pipe.hold();
      setImmediate(() => pipe.resume());
    },
    onBodyEnd: () => over.resolve(null),
    onBodyDrained: () => drained.resolve(),
    onBodyFailed: (error) => over.resolve(error),
  };
  const pipe: BodyPipe = make(listener);
  let isOver = false;
  void over.promise.then(() => {
    isOver = true;
    drained.resolve();
  });
  for (const part of parts) {
    if (isOver) break;
    drained = Promise.withResolvers();
    // What is pushed may be given back: the caller keeps its own.
    const flows = pipe.push(Buffer.from(part), false);
    if (!flows && !endsAtOnce) await drained.promise;
  }
  pipe.end();
  const error = await over.promise;
  pipe.cancel();
  return { bytes: Buffer.concat(out), error };
}
