/** A process that exits while V8 tidies up behind an isolate can crash: the exit waits for that. */

/** It takes a few ms, on a thread of isolated-vm's that nobody else hears of. */
const tidying = 50;

/** What has to be closed before the process exits. */
const open = new Set<() => void>();
let listens = false;
/** When the last isolate was disposed of, in ms. */
let disposedAt = Number.NEGATIVE_INFINITY;

/** To be called whenever an isolate was disposed of. */
export function onDisposed(): void {
  disposedAt = performance.now();
}

/**
 * Has something closed when the process exits.
 *
 * @returns a function that forgets it
 */
export function closeAtExit(close: () => void): () => void {
  // It stays, also when nothing is open any more: a process may exit right after.
  if (!listens) process.on("exit", onExit);
  listens = true;
  open.add(close);
  return () => void open.delete(close);
}

function onExit(): void {
  for (const close of open) close();
  const left = disposedAt + tidying - performance.now();
  if (left > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left);
}
