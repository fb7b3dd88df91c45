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
  private offset = 0;
  private lines = 0;
  private lineLength = 0;
  private afterCarriageReturn = false;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /**
   * Goes on with the next piece of the same head.
   *
   * @throws ProxyError line_ending_malformed, start_line_too_long, fields_too_many, head_too_large
   */
  check(text: string, start: number, end: number): void {
    for (let i = start; i < end; i++) this.step(text.charCodeAt(i));
  }

  private step(code: number): void {
    this.offset++;
    if (this.afterCarriageReturn) {
      if (code !== LF) throw wireError("line_ending_malformed", "Cannot read head: CR without LF");
      this.afterCarriageReturn = false;
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
