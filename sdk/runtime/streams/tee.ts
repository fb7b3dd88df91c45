import { nothing } from "./parts.ts";
import { ReadableCore, ReaderCore } from "./readable-core.ts";

type Copy = (chunk: unknown) => unknown;

/**
 * Two streams with the chunks of one. The source is asked when either wants more; it is cancelled
 * when both are (Streams Standard, ReadableStreamDefaultTee).
 *
 * @param copy makes the chunk of the second stream
 */
export function teeCore(stream: ReadableCore, copy: Copy = asItIs): [ReadableCore, ReadableCore] {
  const reader = new ReaderCore(stream);
  const bothCancelled = Promise.withResolvers<undefined>();
  const reasons: unknown[] = [undefined, undefined];
  const isCancelled = [false, false];
  let isReading = false;
  let readsAgain = false;

  function pull(): Promise<undefined> {
    if (isReading) {
      readsAgain = true;
      return nothing;
    }
    isReading = true;
    stream.read({ chunk: (value) => nothing.then(() => give(value)), close, error: endReading });
    return nothing;
  }

  /** A turn later: the source's error, if it comes now, overtakes the chunk. */
  function give(value: unknown): void {
    readsAgain = false;
    for (const at of [0, 1])
      if (!isCancelled[at] && branches[at]!.canEnqueue) branches[at]!.enqueue(at === 0 ? value : copy(value));
    isReading = false;
    if (readsAgain) pull();
  }

  function close(): void {
    isReading = false;
    for (const at of [0, 1]) if (!isCancelled[at] && branches[at]!.canEnqueue) branches[at]!.closeWhenEmpty();
    if (!isCancelled[0] || !isCancelled[1]) bothCancelled.resolve(undefined);
  }

  function endReading(): void {
    isReading = false;
  }

  function cancel(at: number, reason: unknown): Promise<undefined> {
    isCancelled[at] = true;
    reasons[at] = reason;
    if (isCancelled[1 - at]) bothCancelled.resolve(stream.cancel([...reasons]));
    return bothCancelled.promise;
  }

  const makeBranch = (at: number) =>
    new ReadableCore({ pull, cancel: (reason: unknown) => cancel(at, reason) }, 1);
  const branches: [ReadableCore, ReadableCore] = [makeBranch(0), makeBranch(1)];
  for (const branch of branches) branch.startAfter(undefined);
  reader.closed.then(undefined, (error) => {
    for (const branch of branches) branch.error(error);
    if (!isCancelled[0] || !isCancelled[1]) bothCancelled.resolve(undefined);
  });
  return branches;
}

function asItIs(chunk: unknown): unknown {
  return chunk;
}
