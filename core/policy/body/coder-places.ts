/**
 * How much memory coders may take in this thread. A client decides how much its decoder takes: a body of 46 bytes in brotli has it
 * fill a window of 16 MiB. So requests and responses count apart, and no client keeps responses from being encoded.
 */
import type { ContentCoding } from "../../wire/content-coding.ts";

/** In MiB, of the coders of requests and of those of responses. */
const most = 256;

export class CoderPlaces {
  private readonly most: number;
  private count = 0;

  /** @param limit in MiB */
  constructor(limit: number) {
    this.most = limit;
  }

  /** In MiB. */
  get taken(): number {
    return this.count;
  }

  /**
   * Null: there is none.
   *
   * @param size in MiB
   */
  take(size: number): CoderPlace | null {
    const place = new Place((more) => this.add(more));
    return place.grow(size) ? place : null;
  }

  private add(size: number): boolean {
    if (size > 0 && this.count + size > this.most) return false;
    this.count += size;
    return true;
  }
}

export interface CoderPlace {
  /**
   * Takes more of it, in MiB. Returns false when there is no more.
   *
   * @param size of the place as a whole
   */
  grow(size: number): boolean;
  /** More than once is once. */
  giveBack(): void;
}

class Place implements CoderPlace {
  private readonly add: (more: number) => boolean;
  private size = 0;

  constructor(add: (more: number) => boolean) {
    this.add = add;
  }

  grow(size: number): boolean {
    if (size <= this.size) return true;
    if (!this.add(size - this.size)) return false;
    this.size = size;
    return true;
  }

  giveBack(): void {
    this.add(-this.size);
    this.size = 0;
  }
}

export const coderPlaces: { readonly request: CoderPlaces; readonly response: CoderPlaces } = {
  request: new CoderPlaces(most),
  response: new CoderPlaces(most),
};

/** Of a decoder that has read nothing yet, in MiB. */
export const decoderSize = 1;

/** Measured with node:zlib: the least level of each step, and MiB. */
const encoderSizes: Readonly<Record<ContentCoding, readonly (readonly [level: number, size: number])[]>> = {
  br: [
    [10, 6],
    [5, 4],
    [0, 2],
  ],
  deflate: [[0, 1]],
  gzip: [[0, 1]],
  zstd: [
    [13, 13],
    [4, 5],
    [0, 2],
  ],
};

/** What an encoder takes, in MiB; one of short parts that are sent at once fills no window. */
export function encoderSize(coding: ContentCoding, level: number, flushAfter: number): number {
  const size = encoderSizes[coding].find(([least]) => level >= least)![1];
  return flushAfter === 0 && size === 2 ? 1 : size;
}
