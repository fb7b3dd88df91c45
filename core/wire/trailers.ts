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
    "proxy-connection",
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
    // The section has no start line; its closing CRLF is not counted.
    const { trailers, fields } = limits;
    this.structure = new StructureCheck(
      { ...limits, startLine: trailers, head: trailers + 2, fields: fields - 1 },
      0,
    );
  }

  /**
   * Goes through `bytes` from `start` to the end of the section or to `end`, and returns
   * where it stopped.
   *
   * @throws ProxyError trailers_malformed, trailers_too_large
   */
  read(bytes: Buffer, start: number, end: number): number {
    const piece = bytes.toString("latin1", start, Math.min(end, start + this.limit + 4));
    const sectionEnd = asTrailers(() => this.structure.check(piece));
    if (sectionEnd < 0) {
      this.text += piece;
      return start + piece.length;
    }
    this.text += piece.slice(0, sectionEnd);
    asTrailers(() => this.readFields(this.text.length - 2));
    this.done = true;
    return start + sectionEnd;
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
  return forbidden.has(dashed) || dashed.startsWith("x-forwarded") || dashed.startsWith("proxy-auth");
}

function asTrailers<Result>(check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    const tooLarge =
      error.code === "head_too_large" ||
      error.code === "start_line_too_long" ||
      error.code === "fields_too_many";
    throw wireError(tooLarge ? "trailers_too_large" : "trailers_malformed", error.message);
  }
}

export type Trailers = readonly (readonly [name: string, value: string])[];

/** The lines of a trailer section, without the empty one. */
export function writeTrailers(trailers: Trailers): string {
  let lines = "";
  for (const [name, value] of trailers) lines += `${name}: ${value}\r\n`;
  return lines;
}
