import { ProxyError } from "../../errors.ts";
import type { Timers } from "../../net/timers.ts";
import {
  type CoderStream,
  type ContentCoding,
  createEncoder,
  encodeWhole,
} from "../../wire/content-coding.ts";
import { CoderPipe } from "./coder-pipe.ts";
import type { CoderPlace } from "./coder-places.ts";
import type { BodyListener } from "./pipe.ts";

export interface Encoding {
  readonly coding: ContentCoding;
  readonly level: number;
  /** How long the source may pause before what there is goes on, in ms; 0: every part goes on at once. */
  readonly flushAfter: number;
}

/** Above it brotli takes 30 ms for what it may be given here. */
const mostWholeLevel = 6;

/** Gives a body a content coding. */
export class BodyEncoder extends CoderPipe {
  protected readonly flushAfter: number;
  private readonly encoding: Encoding;

  constructor(encoding: Encoding, listener: BodyListener, timers: Timers, place: CoderPlace) {
    super(listener, timers, place);
    this.encoding = encoding;
    this.flushAfter = encoding.flushAfter;
  }

  protected open(): CoderStream {
    return createEncoder(this.encoding.coding, this.encoding.level);
  }

  protected whole(bytes: Buffer): Buffer | null {
    const { coding, level } = this.encoding;
    if ((coding === "br" || coding === "zstd") && level > mostWholeLevel) return null;
    return encodeWhole(coding, level, bytes);
  }

  protected checkLength(): void {}

  protected onTaken(): void {}

  protected finishInput(stream: CoderStream): void {
    stream.end();
  }

  protected onCoderEnd(): null {
    return null;
  }

  protected failure(cause: Error): ProxyError {
    return new ProxyError("internal", `Cannot encode the body in ${this.encoding.coding}`, {
      source: "internal",
      cause,
    });
  }
}
