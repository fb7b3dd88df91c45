import type { Draft } from "./draft.ts";
import { type Headers, headersOf } from "./headers.ts";
import { mark, mostAvoided } from "./message.ts";
import { resolvedUrl } from "./target.ts";

/** One attempt to get an answer: what a handler changes holds for this attempt alone. */
export class UpstreamAttempt {
  readonly #draft: Draft;
  readonly #number: number;
  readonly #isRetry: boolean;
  readonly #cluster: string;
  readonly #endpoint: string | null;
  readonly #method: string;
  readonly #url: string;
  readonly #previous: { readonly cluster: string; readonly endpoint: string } | null;
  #headers: Headers | null = null;

  /** @param draft its line holds the number of the attempt, its endpoint, name of the cluster, method, URL and the endpoint before */
  constructor(draft: Draft) {
    this.#draft = draft;
    const [line = "", before, beforeCluster = ""] = draft.line.split(mark);
    this.#previous = before === undefined ? null : { cluster: beforeCluster, endpoint: before };
    const first = line.indexOf(" ");
    const last = line.lastIndexOf(" ");
    const method = line.lastIndexOf(" ", last - 1);
    this.#isRetry = line[first - 1] === "!";
    this.#number = Number.parseInt(line, 10);
    const cluster = line.lastIndexOf(" ", method - 1);
    const endpoint = line.slice(first + 1, cluster);
    this.#endpoint = endpoint === "-" ? null : endpoint;
    this.#cluster = line.slice(cluster + 1, method);
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
    this.#draft.rewrite();
    this.#draft.cluster = name;
  }

  get endpoint(): string | null {
    const { endpoint, exchange } = this.#draft;
    return endpoint === undefined ? (exchange.newChoice()?.endpoint ?? this.#endpoint) : endpoint;
  }

  set endpoint(name: string | null) {
    this.#draft.rewrite();
    this.#draft.endpoint = name;
  }

  get previous(): { readonly cluster: string; readonly endpoint: string } | null {
    return this.#previous;
  }

  avoid(endpoints: readonly string[], options?: { readonly whenAll?: unknown }): void {
    const draft = this.#draft;
    const avoid = [...new Set([...(draft.steering?.avoid ?? []), ...Array.from(endpoints, String)])];
    if (avoid.length > mostAvoided) {
      throw new RangeError(`Cannot avoid ${avoid.length} endpoints: ${mostAvoided} are the most`);
    }
    const whenAll = options?.whenAll === undefined ? draft.steering?.whenAll : readWhenAll(options.whenAll);
    draft.rewrite();
    draft.steering = { ...draft.steering, avoid, ...(whenAll !== undefined && { whenAll }) };
  }

  prefer(endpoint: string): void {
    this.#draft.rewrite();
    this.#draft.steering = { ...this.#draft.steering, prefer: String(endpoint) };
  }

  get method(): string {
    return this.#draft.method ?? this.#method;
  }

  get url(): string {
    return this.#draft.resolvedUrl ?? this.#url;
  }

  /** @throws TypeError for what is neither an absolute URL nor one that begins with `/` */
  set url(value: string) {
    const draft = this.#draft;
    const url = String(value);
    draft.rewrite();
    draft.resolvedUrl = resolvedUrl(url, this.#url);
    draft.url = url;
  }

  get headers(): Headers {
    const known = this.#headers;
    if (known !== null) return known;
    const made = headersOf(this.#draft);
    this.#headers = made;
    return made;
  }
}

function readWhenAll(value: unknown): "ask" | "refuse" | { readonly cluster: string } {
  if (value === "ask" || value === "refuse") return value;
  const cluster =
    typeof value === "object" && value !== null && "cluster" in value ? value.cluster : undefined;
  if (typeof cluster === "string") return { cluster };
  throw new TypeError('Cannot avoid endpoints: whenAll is none of "ask", "refuse" and { cluster: NAME }');
}
