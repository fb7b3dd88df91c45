/**
 * A second opinion on where messages end: parses what the two ends of a ledger run receive,
 * and shares nothing with the parser under test.
 */
export interface Message {
  readonly startLine: string;
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface MessageEvents {
  /** Returns whether a body follows the head, if its fields say so. */
  onHead(startLine: string, fields: ReadonlyMap<string, string>): boolean;
  onMessage(message: Message): void;
}

const empty = Buffer.alloc(0);

export class MessageParser {
  private readonly events: MessageEvents;
  private buffer: Buffer = empty;
  private current: { startLine: string; fields: Map<string, string>; hasBody: boolean } | null = null;

  constructor(events: MessageEvents) {
    this.events = events;
  }

  /** Whether part of a message has been read. */
  get isInside(): boolean {
    return this.current !== null || this.buffer.length > 0;
  }

  /** @throws Error when the bytes are no HTTP/1.1 message with a length */
  read(bytes: Buffer): void {
    this.buffer = this.buffer.length === 0 ? bytes : Buffer.concat([this.buffer, bytes]);
    while (this.readMessage());
  }

  private readMessage(): boolean {
    this.current ??= this.readHead();
    if (this.current === null) return false;
    const { startLine, fields, hasBody } = this.current;
    const body = hasBody ? this.readBody(fields) : empty;
    if (body === null) return false;
    this.current = null;
    this.events.onMessage({ startLine, fields, body });
    return this.buffer.length > 0;
  }

  private readHead(): typeof this.current {
    const end = this.buffer.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const [startLine = "", ...lines] = this.buffer.toString("latin1", 0, end).split("\r\n");
    this.buffer = this.buffer.subarray(end + 4);
    const fields = new Map(lines.map(splitField));
    return { startLine, fields, hasBody: this.events.onHead(startLine, fields) };
  }

  private readBody(fields: ReadonlyMap<string, string>): Buffer | null {
    const length = fields.get("content-length");
    if (fields.get("transfer-encoding") === "chunked") {
      if (length !== undefined) throw new Error("both Content-Length and Transfer-Encoding");
      return this.readChunks();
    }
    return length === undefined ? empty : this.readSized(Number(length));
  }

  private readSized(length: number): Buffer | null {
    if (this.buffer.length < length) return null;
    const body = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return body;
  }

  private readChunks(): Buffer | null {
    const chunks: Buffer[] = [];
    for (let at = 0; ; ) {
      const lineEnd = this.buffer.indexOf("\r\n", at);
      if (lineEnd < 0) return null;
      const size = this.buffer.toString("latin1", at, lineEnd);
      if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`chunk size ${JSON.stringify(size)}`);
      const start = lineEnd + 2;
      const end = start + Number.parseInt(size, 16);
      if (this.buffer.length < end + 2) return null;
      if (this.buffer.toString("latin1", end, end + 2) !== "\r\n") throw new Error("chunk without its end");
      if (end === start) {
        this.buffer = this.buffer.subarray(end + 2);
        return Buffer.concat(chunks);
      }
      chunks.push(this.buffer.subarray(start, end));
      at = end + 2;
    }
  }
}

function splitField(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  if (colon < 1) throw new Error(`field ${JSON.stringify(line)}`);
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
