import type { Draft } from "./draft.ts";
import type { Headers } from "./headers.ts";

/** The response as a handler sees it; what it assigns goes to the client. */
export class IncomingResponse {
  readonly #draft: Draft;
  readonly #line: string;

  /** @param line status and reason phrase */
  constructor(draft: Draft, line: string) {
    this.#draft = draft;
    this.#line = line;
  }

  get status(): number {
    return this.#draft.status ?? Number(this.#line.slice(0, 3));
  }

  set status(value: number) {
    const status = Number(value);
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`Cannot set status: ${String(value)} is not from 200 to 599`);
    }
    this.#draft.isRewritten = true;
    this.#draft.status = status;
    this.#draft.reason ??= "";
  }

  get statusText(): string {
    return this.#draft.reason ?? this.#line.slice(4);
  }

  set statusText(value: string) {
    this.#draft.isRewritten = true;
    this.#draft.reason = String(value);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get headers(): Headers {
    return this.#draft.headers;
  }

  get bodyUsed(): boolean {
    return this.#draft.body.used;
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
