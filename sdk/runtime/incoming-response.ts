import type { Draft } from "./draft.ts";
import { type Headers, headersOf } from "./headers.ts";
import type { DecodeOptions, EncodeOptions } from "./incoming-body.ts";
import { mark } from "./message.ts";
import { isReason } from "./response.ts";

/** Code units. */
const longestReason = 256;

/** The response as a handler sees it; what it assigns goes to the client. */
export class IncomingResponse {
  readonly #draft: Draft;
  #headers: Headers | null = null;

  /** @param draft its line holds status, `!` and a code where there was no answer, reason phrase, endpoint and cluster */
  constructor(draft: Draft) {
    this.#draft = draft;
  }

  get status(): number {
    return this.#draft.status ?? Number(this.#draft.line.slice(0, 3));
  }

  set status(value: number) {
    const status = Number(value);
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`Cannot set status: ${String(value)} is not from 200 to 599`);
    }
    this.#draft.rewrite();
    this.#draft.status = status;
    this.#draft.reason ??= "";
  }

  get statusText(): string {
    const { reason, line } = this.#draft;
    return reason ?? line.slice(line.indexOf(" ") + 1).split(mark, 1)[0]!;
  }

  set statusText(value: string) {
    const reason = String(value);
    if (!isReason(reason) || reason.length > longestReason) {
      throw new TypeError(
        "Cannot set statusText: it is too long, or holds a character that HTTP does not allow there",
      );
    }
    this.#draft.rewrite();
    this.#draft.reason = reason;
  }

  get error(): string | null {
    const { line } = this.#draft;
    return line[3] === "!" ? line.slice(4, line.indexOf(" ")) : null;
  }

  get endpoint(): string | null {
    return this.#draft.line.split(mark)[1] ?? null;
  }

  get cluster(): string | null {
    return this.#draft.line.split(mark)[2] ?? null;
  }

  tellRequestId(): void {
    this.#draft.rewrite();
    this.#draft.tellsRequestId = true;
  }

  get url(): string {
    return this.#draft.exchange.url;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get headers(): Headers {
    // Each private field is looked for once: an interpreter takes long to find one.
    const known = this.#headers;
    if (known !== null) return known;
    const made = headersOf(this.#draft);
    this.#headers = made;
    return made;
  }

  /** Whoever takes the message for one of the web's would go on without its body. */
  get body(): never {
    throw new TypeError(
      "Cannot take the body from the response: it stays with the proxy; write new Response(await response.bytes(), response), or change the response itself",
    );
  }

  get bodyUsed(): boolean {
    return this.#draft.bodyOf("s").used;
  }

  arrivedText(): string | null {
    return this.#draft.bodyOf("s").arrivedText();
  }

  text(): Promise<string> {
    return this.#draft.bodyOf("s").text();
  }

  json(): Promise<unknown> {
    return this.#draft.bodyOf("s").json();
  }

  bytes(): Promise<Uint8Array> {
    return this.#draft.bodyOf("s").bytes();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#draft.bodyOf("s").arrayBuffer();
  }

  setBody(body: string | Uint8Array): void {
    this.#draft.bodyOf("s").replace(body);
  }

  limitBody(maxBytes: number): void {
    this.#draft.bodyOf("s").limit(maxBytes);
  }

  decodeBody(codings: string | readonly string[], options?: DecodeOptions): boolean {
    return this.#draft.bodyOf("s").decode(codings, options);
  }

  encodeBody(coding: string, options?: EncodeOptions): boolean {
    return this.#draft.bodyOf("s").encode(coding, options);
  }
}
