import { constants, fstatSync, openSync, write, writeSync } from "node:fs";

/** POSIX promises that a write of at most this many bytes to a pipe is not torn by another writer's. */
const atomicWriteBytes = 4096;

const defaultMaxWaitingBytes = 1024 * 1024;
const retryDelayMs = 50;

export interface LineOutputOptions {
  /** Bytes that may wait for a slow reader; lines beyond them are dropped and counted. Default 1 MiB. */
  readonly maxWaitingBytes?: number;
}

/**
 * Whole lines to a file descriptor, without ever blocking the event loop and without
 * unbounded memory: when the reader stalls, lines are dropped and counted. Lines of one
 * turn of the loop share a write.
 *
 * Several processes and threads write to one pipe, so a write holds whole lines and stays
 * within what the kernel keeps together.
 */
export class LineOutput {
  readonly #fd: number;
  readonly #maxWaitingBytes: number;
  #waiting: { readonly line: string; readonly bytes: number }[] = [];
  #waitingBytes = 0;
  #busy = false;
  /** What the reader had no room for, until it is tried again. */
  #refused: Buffer | null = null;
  #broken = false;
  #dropped = 0;
  #onIdle: (() => void)[] = [];

  constructor(fd: number, options: LineOutputOptions = {}) {
    this.#fd = fd;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? defaultMaxWaitingBytes;
  }

  /** Takes one line, its line feed included. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#broken || this.#waitingBytes + bytes > this.#maxWaitingBytes) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ line, bytes });
    this.#waitingBytes += bytes;
    if (!this.#busy) {
      this.#busy = true;
      setImmediate(() => this.#writeNext());
    }
  }

  /** Lines dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Resolves when nothing is waiting any more, or after `timeoutMs` with a reader that stalls. */
  async flush(timeoutMs: number): Promise<void> {
    if (!this.#busy) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#onIdle.push(resolve);
    await promise;
    clearTimeout(timer);
  }

  /** For a process that is about to end: one attempt at what waits, without waiting for the reader. */
  flushSync(): void {
    try {
      if (this.#refused !== null) writeSync(this.#fd, this.#refused);
      this.#refused = null;
      while (this.#waiting.length > 0) {
        writeSync(this.#fd, this.#takeChunk());
      }
    } catch {
      this.#dropAll();
    }
  }

  #writeNext(): void {
    if (this.#waiting.length > 0) {
      this.#writeChunk(this.#takeChunk());
      return;
    }
    this.#busy = false;
    for (const resolve of this.#onIdle.splice(0)) {
      resolve();
    }
  }

  #writeChunk(chunk: Buffer): void {
    write(this.#fd, chunk, (error, written) => {
      if (error === null && written === chunk.length) {
        this.#writeNext();
      } else if (error === null) {
        this.#writeChunk(chunk.subarray(written));
      } else if (error.code === "EAGAIN") {
        this.#retryLater(chunk);
      } else {
        this.#broken = true;
        this.#dropAll();
        this.#writeNext();
      }
    });
  }

  /** Does not keep the process alive: nobody may ever read. */
  #retryLater(chunk: Buffer): void {
    this.#refused = chunk;
    setTimeout(() => {
      this.#refused = null;
      this.#writeChunk(chunk);
    }, retryDelayMs).unref();
  }

  #takeChunk(): Buffer {
    let text = "";
    let bytes = 0;
    let taken = 0;
    for (const entry of this.#waiting) {
      if (taken > 0 && bytes + entry.bytes > atomicWriteBytes) break;
      text += entry.line;
      bytes += entry.bytes;
      taken++;
    }
    this.#waiting.splice(0, taken);
    this.#waitingBytes -= bytes;
    return Buffer.from(text);
  }

  #dropAll(): void {
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

let standard: LineOutput | null = null;

/** The one output of this thread to stdout. What still waits is written when the thread exits. */
export function standardOutput(): LineOutput {
  if (standard === null) {
    const output = new LineOutput(withoutBlocking(1));
    process.once("exit", () => output.flushSync());
    standard = output;
  }
  return standard;
}

/**
 * The same pipe, in a mode in which a full one refuses a write. A blocked write would occupy a
 * thread of the pool, and would keep the process from ending. The descriptor is another one
 * because the mode belongs to whoever shares the first: other processes of the shell, for example.
 *
 * Where the system cannot open a pipe again, or it is no pipe, this is `fd` itself.
 */
export function withoutBlocking(fd: number): number {
  try {
    return fstatSync(fd).isFIFO() ? openSync(`/proc/self/fd/${fd}`, nonBlockingWrite) : fd;
  } catch {
    return fd;
  }
}

const nonBlockingWrite = constants.O_WRONLY | constants.O_NONBLOCK;
