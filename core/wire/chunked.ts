/** Chunked coding (RFC 9112 section 7.1), checked byte by byte where it is not data. */
import type { Limits } from "../config/model.ts";
import type { ProxyError } from "../errors.ts";
import { CR, HTAB, hexValue, isFieldValue, isToken, LF, SP } from "./characters.ts";
import { wireError } from "./head.ts";
import { TrailerSection } from "./trailers.ts";

const State = {
  sizeStart: 0,
  size: 1,
  /** After the size or an extension: `;` or the end of the line. */
  afterSize: 2,
  /** Blanks there: only `;` may follow. */
  beforeSemicolon: 17,
  beforeName: 3,
  name: 4,
  afterName: 5,
  beforeValue: 6,
  value: 7,
  quoted: 8,
  quotedEscape: 9,
  afterQuoted: 10,
  sizeLineFeed: 11,
  data: 12,
  dataCarriageReturn: 13,
  dataLineFeed: 14,
  trailers: 15,
  done: 16,
} as const;

const mostSizeDigits = 16;
/** All extensions of a body together, as a multiple of those of one chunk [CVE-2024-22019]. */
const chunksFullOfExtensions = 64;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Receives the data inside the chunks. */
export type DataVisitor = (bytes: Buffer, start: number, end: number) => void;

export class ChunkedReader {
  private readonly limits: Limits;
  private state: number = State.sizeStart;
  private size = 0;
  private digits = 0;
  private extensionLength = 0;
  private extensionTotal = 0;
  private trailerSection: TrailerSection | null = null;
  /** Bytes of data so far, without the coding. */
  dataLength = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  get done(): boolean {
    return this.state === State.done;
  }

  /** Trailer fields; complete once `done`. */
  get trailers(): readonly (readonly [name: string, value: string])[] {
    return this.trailerSection === null ? [] : this.trailerSection.fields;
  }

  /**
   * Goes through `bytes` from `start`, up to the end of the body or to `end`, and returns
   * where it stopped.
   *
   * @throws ProxyError chunk_malformed, trailers_malformed, trailers_too_large
   */
  read(bytes: Buffer, start: number, end: number, onData: DataVisitor | null): number {
    let at = start;
    while (at < end && this.state !== State.done) {
      if (this.state === State.data) at = this.readData(bytes, at, end, onData);
      else if (this.state === State.trailers) at = this.readTrailers(bytes, at, end);
      else this.step(bytes[at++]!);
    }
    return at;
  }

  private readData(bytes: Buffer, start: number, end: number, onData: DataVisitor | null): number {
    const dataEnd = Math.min(end, start + this.size);
    this.size -= dataEnd - start;
    this.dataLength += dataEnd - start;
    if (this.size === 0) this.state = State.dataCarriageReturn;
    onData?.(bytes, start, dataEnd);
    return dataEnd;
  }

  private readTrailers(bytes: Buffer, start: number, end: number): number {
    this.trailerSection ??= new TrailerSection(this.limits);
    const at = this.trailerSection.read(bytes, start, end);
    if (this.trailerSection.done) this.state = State.done;
    return at;
  }

  private step(code: number): void {
    switch (this.state) {
      case State.sizeStart:
      case State.size:
        this.stepSize(code);
        return;
      case State.sizeLineFeed:
        expect(code, LF, "size line");
        this.state = this.size === 0 ? State.trailers : State.data;
        return;
      case State.dataCarriageReturn:
        expect(code, CR, "data");
        this.state = State.dataLineFeed;
        return;
      case State.dataLineFeed:
        expect(code, LF, "data");
        this.startSize();
        return;
      default:
        this.stepExtension(code);
    }
  }

  private startSize(): void {
    this.state = State.sizeStart;
    this.size = 0;
    this.digits = 0;
    this.extensionLength = 0;
  }

  private stepSize(code: number): void {
    const digit = hexValue[code]!;
    if (digit === 255) {
      if (this.state === State.sizeStart) throw malformed("size", code);
      this.state = State.afterSize;
      this.stepExtension(code);
      return;
    }
    this.state = State.size;
    this.size = this.size * 16 + digit;
    if (++this.digits > mostSizeDigits || this.size > Number.MAX_SAFE_INTEGER) {
      throw wireError("chunk_malformed", "Cannot read chunk size: too large");
    }
  }

  /** RFC 9112 section 7.1.1: `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`. */
  private stepExtension(code: number): void {
    if (code === CR && endsExtension(this.state)) {
      this.state = State.sizeLineFeed;
      return;
    }
    const most = this.limits.chunkExtensions;
    if (++this.extensionLength > most || ++this.extensionTotal > most * chunksFullOfExtensions) {
      throw wireError(
        "chunk_malformed",
        `Cannot read chunk extension: longer than ${most} bytes, or too many`,
      );
    }
    this.state = nextExtensionState(this.state, code);
  }
}

function endsExtension(state: number): boolean {
  return (
    state === State.afterSize || state === State.name || state === State.value || state === State.afterQuoted
  );
}

function nextExtensionState(state: number, code: number): number {
  const blank = code === SP || code === HTAB;
  switch (state) {
    case State.afterSize:
    case State.afterQuoted:
    case State.beforeSemicolon:
      if (blank) return State.beforeSemicolon;
      if (code === SEMICOLON) return State.beforeName;
      break;
    case State.beforeName:
      if (blank) return State.beforeName;
      if (isToken[code] === 1) return State.name;
      break;
    case State.name:
      if (isToken[code] === 1) return State.name;
      if (blank) return State.afterName;
      if (code === SEMICOLON) return State.beforeName;
      if (code === EQUALS) return State.beforeValue;
      break;
    case State.afterName:
      if (blank) return State.afterName;
      if (code === SEMICOLON) return State.beforeName;
      if (code === EQUALS) return State.beforeValue;
      break;
    case State.beforeValue:
      if (blank) return State.beforeValue;
      if (code === QUOTE) return State.quoted;
      if (isToken[code] === 1) return State.value;
      break;
    case State.value:
      if (isToken[code] === 1) return State.value;
      if (blank) return State.beforeSemicolon;
      if (code === SEMICOLON) return State.beforeName;
      break;
    case State.quoted:
      if (code === QUOTE) return State.afterQuoted;
      if (code === BACKSLASH) return State.quotedEscape;
      if (isFieldValue[code] === 1) return State.quoted;
      break;
    case State.quotedEscape:
      if (isFieldValue[code] === 1) return State.quoted;
      break;
  }
  throw malformed("extension", code);
}

function expect(code: number, wanted: number, after: string): void {
  if (code !== wanted) throw malformed(`line ending after ${after}`, code);
}

function malformed(what: string, code: number): ProxyError {
  return wireError(
    "chunk_malformed",
    `Cannot read chunk ${what}: found byte 0x${code.toString(16).padStart(2, "0")}`,
  );
}
