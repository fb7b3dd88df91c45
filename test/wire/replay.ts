/** Feeds bytes to a message reader, piece by piece, and writes down what comes out. */
import { Buffer } from "node:buffer";
import type { Limits } from "../../core/config/model.ts";
import { ProxyError } from "../../core/errors.ts";
import { type BodyMode, RequestReader, ResponseReader } from "../../core/wire/message-reader.ts";
import { RequestHead } from "../../core/wire/request-head.ts";
import type { ResponseHead } from "../../core/wire/response-head.ts";
import { escapeBytes } from "./escapes.ts";

export type Direction = "request" | "response";

export interface ReplayOptions {
  readonly direction: Direction;
  readonly limits: Limits;
  readonly closes: boolean;
  /** Methods of the requests that the responses answer, in order; GET when there are none left. */
  readonly answers: readonly string[];
  readonly mode?: BodyMode;
}

/**
 * The log of a connection on which `pieces` arrive one after the other.
 *
 * @throws whatever the reader throws that is not a ProxyError with the right source
 */
export function replay(pieces: Iterable<Buffer>, options: ReplayOptions): string[] {
  const log = new Log();
  try {
    readAll(pieces, options, log);
  } catch (error) {
    const source = options.direction === "request" ? "downstream" : "upstream";
    if (!(error instanceof ProxyError) || error.source !== source) throw error;
    log.add("refused", error.code);
  }
  return log.lines();
}

function readAll(pieces: Iterable<Buffer>, options: ReplayOptions, log: Log): void {
  const reader = createReader(options, log);
  for (const piece of pieces) readPiece(reader, piece, log);
  if (options.closes) reader.end();
}

function createReader(options: ReplayOptions, log: Log): RequestReader | ResponseReader {
  const { direction, limits, mode = "decoded" } = options;
  const answers = options.answers.values();
  const sink = {
    onHead(head: RequestHead | ResponseHead): BodyMode {
      log.addHead(head);
      return mode;
    },
    onBody(bytes: Buffer, start: number, end: number): void {
      log.addBody(bytes.toString("latin1", start, end));
    },
    onEnd(trailers: readonly (readonly [string, string])[]): void {
      for (const [name, value] of trailers) log.addField("trailer", name, value);
      log.add("end");
      if (reader instanceof ResponseReader) reader.expectResponseTo(answers.next().value ?? "GET");
    },
  };
  const reader = direction === "request" ? new RequestReader(limits, sink) : new ResponseReader(limits, sink);
  if (reader instanceof ResponseReader) reader.expectResponseTo(answers.next().value ?? "GET");
  return reader;
}

/** Line feeds on both sides show a reader that looks past its piece, the overwriting one that keeps it. */
const margin = 4;

function readPiece(reader: RequestReader | ResponseReader, piece: Buffer, log: Log): void {
  const bytes = Buffer.alloc(piece.length + 2 * margin, "\n");
  piece.copy(bytes, margin);
  const end = margin + piece.length;
  let at = margin;
  while (at < end) {
    const stop = reader.read(bytes, at, end);
    if (stop === at) break;
    at = stop;
  }
  if (at < end) log.addTunnel(bytes.toString("latin1", at, end));
  bytes.fill("\n");
}

class Log {
  private readonly entries: { kind: string; text: string }[] = [];

  lines(): string[] {
    return this.entries.map(({ kind, text }) => escapeBytes(text === "" ? kind : `${kind} ${text}`));
  }

  add(kind: string, text = ""): void {
    this.entries.push({ kind, text });
  }

  addHead(head: RequestHead | ResponseHead): void {
    if (head instanceof RequestHead) {
      this.add("head", `${head.method} ${head.target} HTTP/1.${head.minor}`);
      this.add("path", head.path);
      this.add("query", head.query);
      this.add("authority", head.authority);
    } else {
      this.add("head", `${head.status} HTTP/1.${head.minor}`);
    }
    for (const [name, value] of head.fields()) this.addField("field", name, value);
  }

  addField(kind: string, name: string, value: string): void {
    this.add(kind, value === "" ? `${name}:` : `${name}: ${value}`);
  }

  addBody(text: string): void {
    this.extend("body", text);
  }

  addTunnel(text: string): void {
    this.extend("tunnel", text);
  }

  /** How a body was cut is no part of what was said. */
  private extend(kind: string, text: string): void {
    const last = this.entries.at(-1);
    if (last?.kind === kind) last.text += text;
    else this.add(kind, text);
  }
}
