/** What readable and writable streams share (Streams Standard, sections 7 and 8). */

export type Method = (...args: unknown[]) => unknown;

export interface QueuingStrategy<Chunk = unknown> {
  highWaterMark?: number;
  size?: (chunk: Chunk) => number;
}

export const nothing: Promise<undefined> = Promise.resolve(undefined);

/** Stands for the internals of a stream where its constructor would take a plugin's object. */
export class Internal<Core> {
  readonly core: Core;

  constructor(core: Core) {
    this.core = core;
  }
}

/** A queue that knows how much it holds. */
export class SizedQueue {
  total = 0;
  private readonly items: { value: unknown; size: number }[] = [];
  private first = 0;

  get length(): number {
    return this.items.length - this.first;
  }

  push(value: unknown, size: number): void {
    if (!(size >= 0 && size < Number.POSITIVE_INFINITY)) {
      throw new RangeError("The size of a chunk is not a finite, non-negative number");
    }
    this.items.push({ value, size });
    this.total += size;
  }

  peek(): unknown {
    return this.items[this.first]!.value;
  }

  shift(): unknown {
    const { value, size } = this.items[this.first]!;
    this.items[this.first++] = gone;
    if (this.first === this.items.length || this.first > 64) {
      this.items.splice(0, this.first);
      this.first = 0;
    }
    // Sums of fractions may end a little below zero.
    this.total = Math.max(0, this.total - size);
    return value;
  }

  clear(): void {
    this.items.length = 0;
    this.first = 0;
    this.total = 0;
  }
}

const gone = { value: undefined, size: 0 };

/** @throws TypeError when there is something of that name that cannot be called */
export function methodOf(holder: unknown, name: string): Method | null {
  const method = (holder as Record<string, unknown> | null | undefined)?.[name];
  if (method === undefined) return null;
  if (typeof method !== "function") throw new TypeError(`${name} is not a function`);
  return method as Method;
}

/** Calls a plugin's method; what it throws becomes a rejection. */
export function callMethod(method: Method | null, self: unknown, ...args: unknown[]): Promise<unknown> {
  if (method === null) return nothing;
  try {
    return Promise.resolve(Reflect.apply(method, self, args));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** @throws RangeError for a mark that is negative or no number */
export function highWaterMarkOf(strategy: QueuingStrategy | null | undefined, otherwise: number): number {
  const mark = strategy?.highWaterMark;
  if (mark === undefined) return otherwise;
  const value = Number(mark);
  if (!(value >= 0)) throw new RangeError("highWaterMark is negative or not a number");
  return value;
}

/** How big a chunk is; null: each counts 1. */
export function sizeOf(strategy: QueuingStrategy | null | undefined): Method | null {
  return methodOf(strategy, "size");
}

/** A rejection that nobody has to look at. */
export function markHandled(promise: Promise<unknown>): void {
  promise.then(undefined, ignore);
}

function ignore(): void {}

/** Counts chunks. */
export class CountQueuingStrategy {
  readonly highWaterMark: number;

  constructor(init: { highWaterMark: number }) {
    this.highWaterMark = Number(init.highWaterMark);
  }

  get size(): (chunk?: unknown) => number {
    return countOne;
  }
}

/** Counts bytes. */
export class ByteLengthQueuingStrategy {
  readonly highWaterMark: number;

  constructor(init: { highWaterMark: number }) {
    this.highWaterMark = Number(init.highWaterMark);
  }

  get size(): (chunk: { byteLength: number }) => number {
    return countBytes;
  }
}

function countOne(): number {
  return 1;
}

function countBytes(chunk: { byteLength: number }): number {
  return chunk.byteLength;
}
