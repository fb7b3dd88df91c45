/** The body of the message at hand, which stays with the host until a handler asks for it. */

import type { GuestExchange } from "./exchange.ts";
import { callAsync, callText } from "./host.ts";
import { HostOp } from "./host-op.ts";
import { refused } from "./refused.ts";
import { encodeUtf8 } from "./web/encoding.ts";

/** Longer texts cross as bytes, in code units: all outcomes of an entry are one text. */
const longestText = 64 * 1024;

/** Bytes that may come out of a decoder. */
const usualMaxBytes = 10 * 1024 * 1024;
/** Text is hardly ever 50 times as short when it is compressed. */
const usualMaxRatio = 200;
/** In ms. */
const usualFlushAfter = 50;

const readBefore = "Cannot read the body: it was read before";

export interface DecodeOptions {
  readonly maxBytes?: number;
  readonly maxRatio?: number;
}

export interface EncodeOptions {
  readonly level?: number;
  readonly flushAfter?: number;
}

interface Owner {
  /** What stands in the place of the body from here on; null: the original. */
  replacement: string | Uint8Array | null;
  rewrite(): void;
}

/** Asked for at most once; a second read is a mistake, as everywhere on the web. */
export class IncomingBody {
  used = false;
  private readonly owner: Owner;
  private readonly exchange: GuestExchange;
  private readonly side: "q" | "s";

  constructor(owner: Owner, exchange: GuestExchange, side: "q" | "s") {
    this.owner = owner;
    this.exchange = exchange;
    this.side = side;
  }

  /** Rejects with a TypeError when it was read before. A body beyond the limit ends the exchange. */
  text(): Promise<string> {
    return this.read("text") as Promise<string>;
  }

  async json(): Promise<unknown> {
    try {
      return JSON.parse(await this.text());
    } catch (error) {
      return refused(error);
    }
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer as ArrayBuffer;
  }

  /** @throws TypeError when it was read before */
  arrivedText(): string | null {
    if (this.used) throw new TypeError(readBefore);
    const answer = callText(HostOp.arrivedText, `${this.side} ${this.exchange.ownSlot}`);
    if (answer === "") return null;
    this.used = true;
    return answer.slice(1);
  }

  bytes(): Promise<Uint8Array> {
    return this.read("bytes") as Promise<Uint8Array>;
  }

  /** @throws TypeError for what is neither text nor bytes, or when the message has gone on its way */
  replace(body: unknown): void {
    if (typeof body !== "string" && !(body instanceof Uint8Array)) {
      throw new TypeError(`Cannot set the body: expected a string or a Uint8Array, found ${typeof body}`);
    }
    this.owner.rewrite();
    this.owner.replacement = typeof body === "string" ? shortText(body) : new Uint8Array(body);
    this.used = true;
  }

  limit(maxBytes: number): void {
    this.stage({ limit: maxBytes });
  }

  /** @param options as they come from a plugin: the host checks them */
  decode(codings: string | readonly string[], options: DecodeOptions | undefined): boolean {
    const decode = typeof codings === "string" ? [codings] : codings;
    return this.stage({
      decode,
      maxBytes: options?.maxBytes ?? usualMaxBytes,
      maxRatio: options?.maxRatio ?? usualMaxRatio,
    });
  }

  /** @param options as they come from a plugin: the host checks them */
  encode(encode: string, options: EncodeOptions | undefined): boolean {
    return this.stage({
      encode,
      level: options?.level,
      flushAfter: options?.flushAfter ?? usualFlushAfter,
    });
  }

  /** The host does it, whatever the handler makes of the message otherwise. */
  private stage(wanted: object): boolean {
    return (
      callText(HostOp.bodyStage, `${this.side} ${this.exchange.ownSlot} ${JSON.stringify(wanted)}`) === "1"
    );
  }

  private read(form: "text" | "bytes"): Promise<string | Uint8Array> {
    if (this.used) return Promise.reject(new TypeError(readBefore));
    this.used = true;
    return callAsync(HostOp.readBody, `${this.side} ${this.exchange.ownSlot} ${form}`);
  }
}

/** Bytes where a text is too long. */
function shortText(body: string): string | Uint8Array {
  return body.length > longestText ? encodeUtf8(body) : body;
}
