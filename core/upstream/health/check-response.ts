import { Buffer } from "node:buffer";
import type { Limits } from "../../config/model.ts";
import type { HttpCheckConfig } from "../../config/traffic-model.ts";
import { toProxyError } from "../../errors.ts";
import { type BodyMode, type MessageSink, ResponseReader } from "../../wire/message-reader.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import { badCheck, type CheckOutcome, goodCheck } from "./check-outcome.ts";

/** Bytes of a body that are looked at. */
const mostBody = 64 * 1024;
/** More are no answer but a flood; a proxied response may have as many. */
const mostInterim = 8;

/**
 * Reads the answer to a check, with the parser that reads all responses: what could not be passed on to a client is
 * no good answer.
 */
export class CheckResponse implements MessageSink<ResponseHead> {
  /** Null: more must be read. */
  outcome: CheckOutcome | null = null;
  private readonly config: HttpCheckConfig;
  private readonly reader: ResponseReader;
  private readonly sought: Buffer | null;
  private readonly parts: Buffer[] = [];
  private length = 0;
  private interims = 0;

  constructor(config: HttpCheckConfig, limits: Limits) {
    this.config = config;
    this.sought = config.body === null ? null : Buffer.from(config.body);
    this.reader = new ResponseReader(limits, this);
    this.reader.expectResponseTo("GET");
  }

  /** Takes bytes as they come; they are not kept. */
  read(bytes: Buffer, length: number): void {
    try {
      let at = 0;
      while (at < length && this.outcome === null) at = this.reader.read(bytes, at, length);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** The endpoint will send nothing more. */
  end(): void {
    if (this.outcome !== null) return;
    try {
      this.reader.end();
      this.outcome ??= badCheck("upstream_closed", "It closed the connection before it answered");
    } catch (error) {
      this.refuse(error);
    }
  }

  private refuse(error: unknown): void {
    const { code, message } = toProxyError(error, "read the answer to a check");
    this.outcome = badCheck(code, message);
  }

  // --- from the reader

  onHead(head: ResponseHead): BodyMode {
    const { status } = head;
    if (status === 101) {
      this.outcome = badCheck("upgrade_unexpected", "It switched protocols unasked");
    } else if (head.isInterim) {
      if (++this.interims > mostInterim)
        this.outcome = badCheck("interim_flood", "Too many interim responses");
    } else if (!this.config.statuses.some(({ from, to }) => from <= status && status <= to)) {
      this.outcome = badCheck(`status ${status}`, `It answered ${status}`);
    }
    return "decoded";
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (this.outcome !== null) return;
    const taken = Math.min(end, start + mostBody - this.length);
    this.length += taken - start;
    if (this.sought !== null) this.parts.push(Buffer.from(bytes.subarray(start, taken)));
    if (this.length === mostBody) this.judgeBody();
  }

  onEnd(): void {
    if (this.outcome === null) this.judgeBody();
  }

  private judgeBody(): void {
    const { sought } = this;
    this.outcome =
      sought === null || Buffer.concat(this.parts).includes(sought)
        ? goodCheck
        : badCheck("body_mismatch", `Its body does not hold ${JSON.stringify(this.config.body)}`);
  }
}
