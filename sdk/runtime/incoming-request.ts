import type { Draft } from "./draft.ts";
import { type Headers, headersOf } from "./headers.ts";
import type { DecodeOptions, EncodeOptions } from "./incoming-body.ts";
import { resolvedUrl } from "./target.ts";

/** RFC 9110, section 9.1: a token. */
const passing = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/;

/** The request as a handler sees it: shaped like the web's `Request`, and what it assigns goes upstream. */
export class IncomingRequest {
  readonly #draft: Draft;
  #headers: Headers | null = null;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  get method(): string {
    return this.#draft.method ?? this.#draft.exchange.method;
  }

  /** @throws TypeError for a method that does not pass the proxy */
  set method(value: string) {
    const draft = this.#draft;
    const method = String(value);
    if (!passing.test(method) || method === "CONNECT" || method === "TRACE") {
      throw new TypeError(`Cannot set the method: ${method.slice(0, 40)} is none that passes a proxy`);
    }
    if ((method === "HEAD") !== (draft.exchange.method === "HEAD")) {
      throw new TypeError("Cannot set the method: HEAD and other methods have different responses");
    }
    draft.rewrite();
    draft.method = method;
  }

  get url(): string {
    return this.#draft.resolvedUrl ?? this.#draft.exchange.url;
  }

  /** @throws TypeError for what is neither an absolute URL nor one that begins with `/` */
  set url(value: string) {
    const draft = this.#draft;
    const url = String(value);
    draft.rewrite();
    draft.resolvedUrl = resolvedUrl(url, draft.exchange.url);
    draft.url = url;
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
      "Cannot take the body from the request: it stays with the proxy; write fetch(url, { method, headers, body: await request.bytes() })",
    );
  }

  get bodyUsed(): boolean {
    return this.#draft.bodyOf("q").used;
  }

  get signal(): AbortSignal {
    return this.#draft.exchange.signal as unknown as AbortSignal;
  }

  arrivedText(): string | null {
    return this.#draft.bodyOf("q").arrivedText();
  }

  text(): Promise<string> {
    return this.#draft.bodyOf("q").text();
  }

  json(): Promise<unknown> {
    return this.#draft.bodyOf("q").json();
  }

  bytes(): Promise<Uint8Array> {
    return this.#draft.bodyOf("q").bytes();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#draft.bodyOf("q").arrayBuffer();
  }

  setBody(body: string | Uint8Array): void {
    this.#draft.bodyOf("q").replace(body);
  }

  limitBody(maxBytes: number): void {
    this.#draft.bodyOf("q").limit(maxBytes);
  }

  decodeBody(codings: string | readonly string[], options?: DecodeOptions): boolean {
    return this.#draft.bodyOf("q").decode(codings, options);
  }

  encodeBody(coding: string, options?: EncodeOptions): boolean {
    return this.#draft.bodyOf("q").encode(coding, options);
  }
}
