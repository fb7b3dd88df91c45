import type { Draft } from "./draft.ts";
import type { Headers } from "./headers.ts";

/** The request as a handler sees it: shaped like the web's `Request`, and what it assigns goes upstream. */
export class IncomingRequest {
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  get method(): string {
    return this.#draft.method ?? this.#draft.exchange.method;
  }

  set method(value: string) {
    this.#draft.isRewritten = true;
    this.#draft.method = String(value);
  }

  get url(): string {
    return this.#draft.url ?? this.#draft.exchange.url;
  }

  set url(value: string) {
    this.#draft.isRewritten = true;
    this.#draft.url = String(value);
  }

  get headers(): Headers {
    return this.#draft.headers;
  }

  get bodyUsed(): boolean {
    return this.#draft.body.used;
  }

  get signal(): AbortSignal {
    return this.#draft.exchange.signal as unknown as AbortSignal;
  }

  text(): Promise<string> {
    return this.#draft.body.text();
  }

  json(): Promise<unknown> {
    return this.#draft.body.json();
  }

  bytes(): Promise<Uint8Array> {
    return this.#draft.body.bytes();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#draft.body.arrayBuffer();
  }

  setBody(body: string | Uint8Array): void {
    this.#draft.body.replace(body);
  }
}
