/** Where messages end, for both ends of a fuzzed exchange: refuses whatever two readers might take for two things. */

export interface StrictMessage {
  readonly startLine: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly framing: Framing;
  body: Buffer;
  trailers: readonly string[];
}

export type Framing = "none" | "length" | "chunked" | "close";

export interface StrictEvents {
  /** A head was read. Returns whether the message has no body, whatever its fields say; of a request: false. */
  onHead(message: StrictMessage): boolean;
  onMessage(message: StrictMessage): void;
}

const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const requestLine = /^[A-Z]+ \/[\x21-\x7e]* HTTP\/1\.1$/;
const statusLine = /^HTTP\/1\.1 [1-5][0-9][0-9] [\t\x20-\x7e]*$/;
const chunkLine = /^([0-9A-Fa-f]{1,8})((?:;[!-~]+)*)$/;
const longestLine = 20_000;

export class StrictReader {
  private readonly events: StrictEvents;
  private readonly isOfRequests: boolean;
  private buffer: Buffer = Buffer.alloc(0);
  private message: StrictMessage | null = null;
  private parts: Buffer[] = [];
  /** Bytes of the body, or of this chunk, that are still to come. */
  private left = 0;
  private place: "head" | "sized" | "chunk-line" | "chunk" | "chunk-end" | "trailers" | "rest" = "head";

  constructor(isOfRequests: boolean, events: StrictEvents) {
    this.isOfRequests = isOfRequests;
    this.events = events;
  }

  /** The message that has begun and is not whole; null: none. */
  get unfinished(): StrictMessage | null {
    return this.message;
  }

  /** Whether it has bytes of a message that is not whole. */
  get isInside(): boolean {
    return this.message !== null || this.buffer.length > 0;
  }

  /** @throws Error when the bytes are no message that has only one reading */
  read(bytes: Buffer): void {
    this.buffer = this.buffer.length === 0 ? bytes : Buffer.concat([this.buffer, bytes]);
    while (this.step());
  }

  /** The other side has ended. Returns whether that ends a message or comes between two. */
  end(): boolean {
    if (this.place === "rest") this.finish();
    return !this.isInside;
  }

  private step(): boolean {
    switch (this.place) {
      case "head":
        return this.readHead();
      case "sized":
        return this.readPart() && this.finish();
      case "rest":
        this.left = this.buffer.length;
        this.readPart();
        return false;
      case "chunk-line":
        return this.readChunkLine();
      case "chunk":
        return this.readPart() && this.goto("chunk-end");
      case "chunk-end": {
        if (this.buffer.length < 2) return false;
        if (this.cut(2).toString("latin1") !== "\r\n") throw new Error("a chunk is longer than it says");
        return this.goto("chunk-line");
      }
      case "trailers": {
        const line = this.readLine();
        if (line === null) return false;
        if (line === "") return this.finish();
        if (!fieldLine.test(line)) throw new Error(`trailer ${JSON.stringify(line)}`);
        this.message!.trailers = [...this.message!.trailers, line];
        return true;
      }
    }
  }

  private readHead(): boolean {
    const end = this.buffer.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.buffer.length > longestLine) throw new Error(`no head: ${this.shown()}`);
      return false;
    }
    const [startLine = "", ...lines] = this.cut(end + 4)
      .toString("latin1", 0, end)
      .split("\r\n");
    if (!(this.isOfRequests ? requestLine : statusLine).test(startLine)) {
      throw new Error(`start line ${JSON.stringify(startLine.slice(0, 200))}`);
    }
    const fields = lines.map(splitField);
    const message: StrictMessage = {
      startLine,
      fields,
      framing: framingOf(fields, this.isOfRequests),
      body: Buffer.alloc(0),
      trailers: [],
    };
    this.message = message;
    this.parts = [];
    const isBodyless = this.events.onHead(message);
    if (isBodyless || message.framing === "none") return this.finish();
    if (message.framing === "chunked") return this.goto("chunk-line");
    if (message.framing === "close") return this.goto("rest");
    this.left = Number(fieldOf(message, "content-length"));
    return this.goto("sized");
  }

  private readChunkLine(): boolean {
    const line = this.readLine();
    if (line === null) return false;
    const match = chunkLine.exec(line);
    if (match === null) throw new Error(`chunk size ${JSON.stringify(line)}`);
    this.left = Number.parseInt(match[1]!, 16);
    return this.goto(this.left === 0 ? "trailers" : "chunk");
  }

  private readLine(): string | null {
    const end = this.buffer.indexOf("\r\n");
    if (end < 0) {
      if (this.buffer.length > longestLine) throw new Error(`no line: ${this.shown()}`);
      return null;
    }
    return this.cut(end + 2).toString("latin1", 0, end);
  }

  private readPart(): boolean {
    const part = this.cut(Math.min(this.left, this.buffer.length));
    this.left -= part.length;
    this.parts.push(part);
    return this.left === 0;
  }

  private cut(length: number): Buffer {
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return taken;
  }

  private goto(place: StrictReader["place"]): true {
    this.place = place;
    return true;
  }

  private finish(): boolean {
    const message = this.message!;
    message.body = Buffer.concat(this.parts);
    this.message = null;
    this.place = "head";
    this.events.onMessage(message);
    return this.buffer.length > 0;
  }

  private shown(): string {
    return JSON.stringify(this.buffer.toString("latin1", 0, 200));
  }
}

/** The only value of a field, or null. */
export function fieldOf(message: StrictMessage, name: string): string | null {
  return message.fields.find(([candidate]) => candidate === name)?.[1] ?? null;
}

export function statusOf(message: StrictMessage): number {
  return Number(message.startLine.slice(9, 12));
}

function framingOf(fields: StrictMessage["fields"], isOfRequest: boolean): Framing {
  const lengths = fields.filter(([name]) => name === "content-length");
  const codings = fields.filter(([name]) => name === "transfer-encoding");
  if (lengths.length + codings.length > 1) throw new Error("framed twice");
  if (codings.length === 1) {
    if (codings[0]![1] !== "chunked") throw new Error(`Transfer-Encoding: ${codings[0]![1]}`);
    return "chunked";
  }
  if (lengths.length === 0) return isOfRequest ? "none" : "close";
  if (!/^[0-9]{1,10}$/.test(lengths[0]![1])) throw new Error(`Content-Length: ${lengths[0]![1]}`);
  return "length";
}

function splitField(line: string): [name: string, value: string] {
  const match = fieldLine.exec(line);
  if (match === null) throw new Error(`field ${JSON.stringify(line.slice(0, 200))}`);
  return [match[1]!.toLowerCase(), match[2]!];
}
