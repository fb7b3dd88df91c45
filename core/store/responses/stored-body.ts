import type { FileBody } from "../disk/file-body.ts";
import type { ArrivingBody } from "./arriving-body.ts";

/** Of a stored response: in memory, in a file, or still on its way here. */
export type KeptBody = StoredBody | FileBody | ArrivingBody;

/** Bytes that are sent as they are, to any number of clients at once. Nobody writes to them. */
export class StoredBody {
  readonly parts: readonly Buffer[];
  readonly length: number;

  constructor(parts: readonly Buffer[]) {
    this.parts = parts;
    this.length = parts.reduce((sum, part) => sum + part.length, 0);
  }

  /**
   * A part of it, without a copy.
   *
   * @param end exclusive
   */
  slice(start: number, end: number): StoredBody {
    const parts: Buffer[] = [];
    let at = 0;
    for (const part of this.parts) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, part.length);
      if (from < to) parts.push(part.subarray(from, to));
      at += part.length;
    }
    return new StoredBody(parts);
  }
}
