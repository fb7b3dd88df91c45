/** Limits that hold before a head is understood, checked in stream order. */
import type { Limits } from "../config/model.ts";
import { CR, LF } from "./characters.ts";
import { wireError } from "./head.ts";

/**
 * Reads a head byte by byte and refuses the first byte that breaks its structure: a bare
 * CR or LF, a start line, head or field count over its limit. Because it goes strictly by
 * stream order, a message is refused for the same reason however it was split into reads.
 */
export class StructureCheck {
  private readonly limits: Limits;
  private readonly firstFieldLine: 0 | 1;
  private offset = 0;
  private lines = 0;
  private lineLength = 0;
  private afterCarriageReturn = false;
  private ended = false;

  /** @param firstFieldLine 1 in a head, which has a start line; 0 in a trailer section */
  constructor(limits: Limits, firstFieldLine: 0 | 1 = 1) {
    this.limits = limits;
    this.firstFieldLine = firstFieldLine;
  }

  /**
   * Goes on with the next piece of the same head. Returns the offset after its empty line,
   * or -1 when that has not come yet.
   *
   * @throws ProxyError line_ending_malformed, start_line_too_long, fields_too_many, head_too_large
   */
  check(text: string): number {
    for (let i = 0; i < text.length; i++) {
      this.step(text.charCodeAt(i));
      if (this.ended) return i + 1;
    }
    return -1;
  }

  private step(code: number): void {
    this.offset++;
    if (this.afterCarriageReturn) {
      if (code !== LF) throw wireError("line_ending_malformed", "Cannot read head: CR without LF");
      this.afterCarriageReturn = false;
      this.ended = this.lineLength === 0 && this.lines >= this.firstFieldLine;
      this.lines++;
      this.lineLength = 0;
    } else if (code === LF) {
      throw wireError("line_ending_malformed", "Cannot read head: LF without CR");
    } else if (code === CR) {
      this.afterCarriageReturn = true;
    } else {
      this.lineLength++;
      this.checkLine();
    }
    if (this.offset > this.limits.head) {
      throw wireError("head_too_large", `Cannot read head: longer than ${this.limits.head} bytes`);
    }
  }

  private checkLine(): void {
    const { startLine, fields } = this.limits;
    if (this.lines === 0 && this.lineLength > startLine) {
      throw wireError("start_line_too_long", `Cannot read start line: longer than ${startLine} bytes`);
    }
    if (this.lines > fields) {
      throw wireError("fields_too_many", `Cannot read head: more than ${fields} fields`);
    }
  }
}
