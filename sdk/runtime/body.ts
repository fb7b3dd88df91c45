/** Bodies of requests and responses (Fetch Standard, section 5.3): read once, and no stream until one is asked for. */

import { refused } from "./refused.ts";
import { isStoredBody, type StoredBody } from "./stored-body.ts";
import { ReaderCore } from "./streams/readable-core.ts";
import { isReadableStream, ReadableStream, readableCoreOf, streamOf } from "./streams/readable-stream.ts";
import { teeCore } from "./streams/tee.ts";
import { URLSearchParams } from "./url/search-params.ts";
import { decodeUtf8Bytes, encodeUtf8 } from "./web/encoding.ts";
import { asWebInterface } from "./web-interface.ts";

export type BodyInit =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | URLSearchParams
  | ReadableStream<Uint8Array>
  | StoredBody;

/** A body that comes from elsewhere; one of these is called, once. */
export interface BodyProvider {
  text(): Promise<string>;
  bytes(): Promise<Uint8Array>;
  stream(): ReadableStream<Uint8Array>;
}

/** What a body is made of. */
export type BodySource =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "stored"; readonly stored: StoredBody }
  | { readonly kind: "stream"; readonly stream: ReadableStream<Uint8Array> };

type Held = BodySource | { readonly kind: "provider"; readonly provider: BodyProvider };

const noBody: BodySource = { kind: "none" };

let hold: (body: Body, held: Held) => void;
let heldBy: (body: Body) => Held;
let isUnusable: (body: Body) => boolean;
let takeFrom: (body: Body) => Held;

/** What `Request` and `Response` have in common. */
export class Body {
  #held: Held;
  /** Made when somebody asks for it; from then on it alone is read. */
  #stream: ReadableStream<Uint8Array> | null = null;
  #isUsed = false;

  constructor(init?: BodyInit | null) {
    this.#held = init === undefined || init === null ? noBody : sourceOf(init);
    if (this.#held.kind === "stream") this.#stream = this.#held.stream;
  }

  static {
    hold = (body, held) => {
      body.#held = held;
      body.#stream = held.kind === "stream" ? held.stream : null;
    };
    heldBy = (body) => body.#held;
    isUnusable = (body) => {
      if (body.#isUsed) return true;
      if (body.#stream === null) return false;
      const core = readableCoreOf(body.#stream as ReadableStream<never>);
      return core.isDisturbed || core.isLocked;
    };
    takeFrom = (body) => {
      if (isUnusable(body)) throw usedError();
      if (body.#held === noBody) return noBody;
      body.#isUsed = true;
      return body.#stream === null ? body.#held : { kind: "stream", stream: body.#stream };
    };
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.#held === noBody) return null;
    this.#stream ??= this.#isUsed ? readStream() : streamOfHeld(this.#held);
    return this.#stream;
  }

  get bodyUsed(): boolean {
    if (this.#isUsed) return true;
    return this.#stream !== null && readableCoreOf(this.#stream as ReadableStream<never>).isDisturbed;
  }

  /** @throws TypeError when the body was read before, here as in the other methods */
  text(): Promise<string> {
    return read(this, textOfHeld);
  }

  /** @throws SyntaxError when the body is no JSON */
  json(): Promise<unknown> {
    return read(this, jsonOfHeld);
  }

  bytes(): Promise<Uint8Array> {
    return read(this, bytesOfHeld);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return read(this, bufferOfHeld);
  }
}

asWebInterface(Body, "Body");

/** The Content-Type that a body brings along (Fetch Standard, "extract a body"). */
export function contentTypeOf(init: unknown): string | null {
  if (init instanceof URLSearchParams) return "application/x-www-form-urlencoded;charset=UTF-8";
  if (isStoredBody(init) || isReadableStream(init) || init instanceof ArrayBuffer || ArrayBuffer.isView(init))
    return null;
  return "text/plain;charset=UTF-8";
}

/** Puts a body that comes from elsewhere into a new request or response. */
export function provideBody(body: Body, provider: BodyProvider): void {
  hold(body, { kind: "provider", provider });
}

/** Whether there is a body, read or not. */
export function hasBody(body: Body): boolean {
  return heldBy(body) !== noBody;
}

/**
 * What a body is made of, without reading it: the same body can be asked again.
 *
 * @throws TypeError when it was read, or is being read
 */
export function bodySourceOf(body: Body): BodySource {
  if (isUnusable(body)) throw usedError();
  const held = heldBy(body);
  return held.kind === "provider" ? { kind: "stream", stream: body.body! } : held;
}

/**
 * Moves a body from one to the other, which reads it in its place.
 *
 * @throws TypeError when it was read before
 */
export function moveBody(from: Body, to: Body): void {
  const held = takeFrom(from);
  hold(to, held.kind === "stream" ? { kind: "stream", stream: relay(held.stream) } : held);
}

/**
 * Gives `copy` the same body, and keeps it readable here.
 *
 * @throws TypeError when it was read before
 */
export function copyBody(original: Body, copy: Body): void {
  if (isUnusable(original)) throw usedError();
  const held = heldBy(original);
  switch (held.kind) {
    case "none":
    case "text":
    case "stored":
      hold(copy, held);
      break;
    case "bytes":
      hold(copy, { kind: "bytes", bytes: held.bytes.slice() });
      break;
    default: {
      const [one, two] = teeCore(readableCoreOf(original.body as ReadableStream<never>), copyChunk);
      hold(original, { kind: "stream", stream: streamOf(one) });
      hold(copy, { kind: "stream", stream: streamOf(two) });
    }
  }
}

function copyChunk(chunk: unknown): unknown {
  return chunk instanceof Uint8Array ? chunk.slice() : chunk;
}

function usedError(): TypeError {
  return new TypeError("Cannot read the body: it was read before, or its stream is locked");
}

/** Streams of bodies that the host keeps. */
const keptStreams = new WeakSet<object>();

function keptError(): TypeError {
  return new TypeError(
    "Cannot read the body: the host keeps it; answer with the response as it is, or make one by cached.response(init)",
  );
}

function sourceOf(init: BodyInit): BodySource {
  if (isStoredBody(init)) return { kind: "stored", stored: init };
  if (isReadableStream(init)) {
    if (keptStreams.has(init)) throw keptError();
    const core = readableCoreOf(init as ReadableStream<never>);
    if (core.isDisturbed || core.isLocked)
      throw new TypeError("The stream of the body is locked or was read");
    return { kind: "stream", stream: init as ReadableStream<Uint8Array> };
  }
  if (init instanceof ArrayBuffer) return { kind: "bytes", bytes: new Uint8Array(init.slice(0)) };
  if (ArrayBuffer.isView(init)) {
    return { kind: "bytes", bytes: new Uint8Array(init.buffer, init.byteOffset, init.byteLength).slice() };
  }
  return { kind: "text", text: `${init}`.toWellFormed() };
}

async function read<T>(body: Body, as: (held: Held) => Promise<T>): Promise<T> {
  try {
    return await as(takeFrom(body));
  } catch (error) {
    return refused(error);
  }
}

/** "UTF-8 decode" takes a byte order mark away, and a text is decoded bytes. */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

async function textOfHeld(held: Held): Promise<string> {
  if (held.kind === "text") return withoutMark(held.text);
  if (held.kind === "provider") return withoutMark(await held.provider.text());
  return withoutMark(decodeUtf8Bytes(await bytesOfHeld(held)));
}

async function jsonOfHeld(held: Held): Promise<unknown> {
  return JSON.parse(await textOfHeld(held));
}

async function bufferOfHeld(held: Held): Promise<ArrayBuffer> {
  const bytes = await bytesOfHeld(held);
  const { buffer, byteLength } = bytes;
  return (buffer.byteLength === byteLength ? buffer : bytes.slice().buffer) as ArrayBuffer;
}

async function bytesOfHeld(held: Held): Promise<Uint8Array> {
  switch (held.kind) {
    case "none":
      return new Uint8Array(0);
    case "text":
      return encodeUtf8(held.text);
    case "bytes":
      return held.bytes;
    case "stored":
      throw keptError();
    case "provider":
      return held.provider.bytes();
    case "stream":
      return readAll(held.stream);
  }
}

/** The stream of a body that was read without one: at its end, and locked to who read it. */
function readStream(): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>();
  new ReaderCore(readableCoreOf(stream as ReadableStream<never>)).cancel(undefined);
  return stream;
}

function streamOfHeld(held: Held): ReadableStream<Uint8Array> {
  if (held.kind === "provider") return held.provider.stream();
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const bytes = await bytesOfHeld(held);
        if (bytes.length > 0) controller.enqueue(bytes);
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  if (held.kind === "stored") keptStreams.add(stream);
  return stream;
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = new ReaderCore(readableCoreOf(stream as ReadableStream<never>));
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    const { value } = step;
    if (!(value instanceof Uint8Array)) {
      const error = new TypeError("Cannot read the body: a chunk of its stream is not a Uint8Array");
      reader.cancel(error).then(undefined, () => {});
      throw error;
    }
    parts.push(value);
    length += value.length;
  }
  return parts.length === 1 ? parts[0]! : concat(parts, length);
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The same chunks; the stream itself stays locked, and so shows that it was given away. */
function relay(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const source = readableCoreOf(stream as ReadableStream<never>);
  const reader = new ReaderCore(source);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await reader.read();
        if (step.done) controller.close();
        else controller.enqueue(step.value as Uint8Array);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
