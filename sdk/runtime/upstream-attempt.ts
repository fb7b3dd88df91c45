import type { Draft } from "./draft.ts";
import type { Headers } from "./headers.ts";

/** One attempt to get an answer: what a handler changes holds for this attempt alone. */
export class UpstreamAttempt {
  readonly #draft: Draft;
  readonly #number: number;
  readonly #cluster: string;

  /** @param line number of the attempt and name of the cluster */
  constructor(draft: Draft, line: string) {
    this.#draft = draft;
    const blank = line.indexOf(" ");
    this.#number = Number(line.slice(0, blank));
    this.#cluster = line.slice(blank + 1);
  }

  get number(): number {
    return this.#number;
  }

  get cluster(): string {
    return this.#draft.exchange.choice?.cluster ?? this.#cluster;
  }

  set cluster(name: string) {
    this.#draft.exchange.upstream.cluster = name;
  }

  get endpoint(): string | null {
    return this.#draft.exchange.choice?.endpoint ?? null;
  }

  set endpoint(name: string | null) {
    this.#draft.exchange.upstream.endpoint = name;
  }

  get method(): string {
    return this.#draft.method ?? this.#draft.exchange.method;
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
}
