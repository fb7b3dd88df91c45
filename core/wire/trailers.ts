/** Trailer sections (RFC 9110 section 6.5). */
import type { Limits } from "../config/model.ts";
import { ProxyError } from "../errors.ts";
import { scanFields, wireError } from "./head.ts";
import { StructureCheck } from "./limits.ts";

/**
 * Fields that frame, route, authenticate or describe the content are decided on before
 * the trailers arrive; RFC 9110 section 6.5.1 forbids sending them there.
 */
const forbidden = new Set([
  ...["authorization", "cache-control", "connection", "content-encoding", "content-length", "content-range"],
  ...["content-type", "cookie", "expect", "forwarded", "host", "http2-settings", "keep-alive", "location"],
  ...[
    "max-forwards",
    "pragma",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
  ],
  ...["www-authenticate", "x-real-ip", "x-request-id"],
]);

export class TrailerSection {
  /** Names as sent, values trimmed. */
  readonly fields: [name: string, value: string][] = [];
  done = false;
  private text = "";
  private readonly limit: number;
  private readonly structure: StructureCheck;

  constructor(limits: Limits) {
    this.limit = limits.trailers;
    this.structure = new StructureCheck({
      ...limits,
      // The section has no start line; its closing CRLF is not counted.
      startLine: limits.trailers,
      head: limits.trailers + 2,
      fields: limits.fields - 1,
    });
  }

  /**
   * Goes through `bytes` from `start` to the end of the section or to `end`, and returns
   * where it stopped.
   *
   * @throws ProxyError trailers_malformed, trailers_too_large
   */
  read(bytes: Buffer, start: number, end: number): number {
    const before = this.text.length;
    const piece = bytes.toString("latin1", start, Math.min(end, start + this.limit + 4 - before));
    this.text += piece;
    const sectionEnd = this.findEnd(Math.max(0, before - 3));
    const checked = sectionEnd < 0 ? this.text.length : sectionEnd;
    refuseAsTrailers(() => this.structure.check(this.text, before, checked));
    if (sectionEnd < 0) return start + piece.length;
    refuseAsTrailers(() => this.readFields(sectionEnd - 2));
    this.done = true;
    return start + sectionEnd - before;
  }

  /** Offset after the empty line, or -1. */
  private findEnd(from: number): number {
    if (this.text.startsWith("\r\n")) return 2;
    const at = this.text.indexOf("\r\n\r\n", from);
    return at < 0 ? -1 : at + 4;
  }

  private readFields(end: number): void {
    scanFields(this.text, 0, end, (start, nameEnd, valueStart, valueEnd) => {
      const name = this.text.slice(start, nameEnd);
      if (isForbidden(name.toLowerCase()))
        throw wireError("trailers_malformed", `Cannot read trailers: ${name} is not allowed`);
      this.fields.push([name, this.text.slice(valueStart, valueEnd)]);
    });
  }
}

function isForbidden(name: string): boolean {
  const dashed = name.replaceAll("_", "-");
  return forbidden.has(dashed) || dashed.startsWith("x-forwarded") || dashed.startsWith("proxy-");
}

function refuseAsTrailers(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    const tooLarge =
      error.code === "head_too_large" ||
      error.code === "start_line_too_long" ||
      error.code === "fields_too_many";
    throw wireError(tooLarge ? "trailers_too_large" : "trailers_malformed", error.message);
  }
}
