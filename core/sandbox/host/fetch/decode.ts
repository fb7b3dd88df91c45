import { pipeline, type Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { brotliWindow } from "../../../wire/brotli-window.ts";
import { HostCallError } from "../error.ts";
import { ByteBudget } from "./budget.ts";
import { partBytes } from "./limits.ts";

type Coding = "gzip" | "br" | "deflate";

const codings: Readonly<Record<string, Coding>> = {
  __proto__: null,
  gzip: "gzip",
  "x-gzip": "gzip",
  br: "br",
  deflate: "deflate",
} as never;

/** More than one is a curiosity; each further one multiplies the work of a bomb [CVE-2026-22036]. */
const mostCodings = 2;

/**
 * The memory that decoders of brotli fill in this thread, for all guests: a body of 14 bytes has one fill 16 MiB with its
 * first part, read or not. Those of gzip and deflate have 32 KiB.
 */
const windows = new ByteBudget(
  256 * 2 ** 20,
  "responses in brotli take too much memory together: read or cancel their bodies",
);

/**
 * The codings to undo, in the order in which the server applied them. Empty when the body stays as it
 * is: it has none, or one that was not asked for and that the guest is left to deal with.
 *
 * @throws HostCallError TypeError for a long chain
 */
export function contentCodings(values: readonly string[]): Coding[] {
  const names = values
    .join(",")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length > mostCodings) {
    throw new HostCallError("TypeError", `response has more than ${mostCodings} content codings`);
  }
  const known = names.flatMap((name) => codings[name] ?? []);
  return known.length === names.length ? known : [];
}

/**
 * A body without its content codings. What each step makes is bounded, not only what comes out last:
 * a bomb inside of a bomb stays small at its end. A failure or an early end on one side ends the other.
 *
 * @param longest bytes after each step
 */
export function decodeBody(body: Readable, applied: readonly Coding[], longest: number): Readable {
  const steps = applied.toReversed().flatMap((coding) => [...decoderOf(coding), new LengthBound(longest)]);
  if (steps.length === 0) return body;
  // The reader of the last step sees the failure; a body may fail once more while it is torn down.
  body.on("error", () => {});
  return pipeline([body, ...steps], () => {}) as unknown as Readable;
}

export function responseTooLong(longest: number): HostCallError {
  return new HostCallError("QuotaExceededError", `response body is longer than ${longest} bytes`);
}

class LengthBound extends Transform {
  private left: number;
  private readonly longest: number;

  constructor(longest: number) {
    super({ readableHighWaterMark: partBytes });
    this.left = longest;
    this.longest = longest;
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, chunk?: Buffer) => void,
  ): void {
    this.left -= chunk.byteLength;
    if (this.left < 0) done(responseTooLong(this.longest));
    else done(null, chunk);
  }
}

/** Before a decoder of brotli: takes the place for its window, which is given back when the decoder is gone. */
class WindowPlace extends Transform {
  private bytes = 0;

  constructor(decoder: Transform) {
    super();
    decoder.once("close", () => windows.give(this.bytes));
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, chunk?: Buffer) => void,
  ): void {
    try {
      if (this.bytes === 0) this.claim(brotliWindow(chunk[0]!));
      done(null, chunk);
    } catch (error) {
      done(error as HostCallError);
    }
  }

  private claim(bytes: number): void {
    windows.take(bytes);
    this.bytes = bytes;
  }
}

function decoderOf(coding: Coding): Transform[] {
  if (coding === "gzip") return [createGunzip({ chunkSize: partBytes })];
  if (coding === "deflate") return [createInflate({ chunkSize: partBytes })];
  const decoder = createBrotliDecompress({ chunkSize: partBytes });
  return [new WindowPlace(decoder), decoder];
}
