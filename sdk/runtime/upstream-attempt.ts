import type { Draft } from "./draft.ts";
import { type Headers, headersOf } from "./headers.ts";

/** One attempt to get an answer: what a handler changes holds for this attempt alone. */
export class UpstreamAttempt {
  readonly #draft: Draft;
  readonly #number: number;
  readonly #isRetry: boolean;
  readonly #cluster: string;
  readonly #endpoint: string | null;
  readonly #method: string;
  readonly #url: string;
  #headers: Headers | null = null;

  /** @param draft its line holds the number of the attempt, its endpoint, name of the cluster, method and URL */
  constructor(draft: Draft) {
    this.#draft = draft;
    const { line } = draft;
    const first = line.indexOf(" ");
    const last = line.lastIndexOf(" ");
    const method = line.lastIndexOf(" ", last - 1);
    this.#isRetry = line[first - 1] === "!";
    this.#number = Number.parseInt(line, 10);
    const second = line.indexOf(" ", first + 1);
    const endpoint = line.slice(first + 1, second);
    this.#endpoint = endpoint === "-" ? null : endpoint;
    this.#cluster = line.slice(second + 1, method);
    this.#method = line.slice(method + 1, last);
    this.#url = line.slice(last + 1);
  }

  get number(): number {
    return this.#number;
  }

  get isRetry(): boolean {
    return this.#isRetry;
  }

  get cluster(): string {
    return this.#draft.cluster ?? this.#draft.exchange.newChoice()?.cluster ?? this.#cluster;
  }

  set cluster(name: string) {
    this.#draft.isRewritten = true;
    this.#draft.cluster = name;
  }

  get endpoint(): string | null {
    const { endpoint, exchange } = this.#draft;
    return endpoint === undefined ? (exchange.newChoice()?.endpoint ?? this.#endpoint) : endpoint;
  }

  set endpoint(name: string | null) {
    this.#draft.isRewritten = true;
    this.#draft.endpoint = name;
  }

  get method(): string {
    return this.#draft.method ?? this.#method;
  }

  get url(): string {
    return this.#draft.url ?? this.#url;
  }

  set url(value: string) {
    this.#draft.isRewritten = true;
    this.#draft.url = String(value);
  }

  get headers(): Headers {
    this.#headers ??= headersOf(this.#draft);
    return this.#headers;
  }
}
