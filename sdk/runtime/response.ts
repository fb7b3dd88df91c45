import {
  Body,
  type BodyInit,
  type BodyProvider,
  bodySourceOf,
  contentTypeOf,
  copyBody,
  hasBody,
  provideBody,
} from "./body.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import { URL } from "./url/url.ts";
import { asWebInterface } from "./web-interface.ts";

export { bodySourceOf };

export interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

/** What a response is beside its body. */
export interface ResponseHead {
  readonly type: "default" | "basic" | "error";
  readonly url: string;
  readonly redirected: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
}

const redirects = [301, 302, 303, 307, 308];
const withoutBody = [101, 103, 204, 205, 304];

let adopt: (response: Response, head: ResponseHead) => void;

/**
 * `Response` of the Fetch Standard, section 5.5.
 *
 * @throws RangeError for a status outside 200 to 599; TypeError for a body that the status forbids
 * @example return new Response("Not for you", { status: 403 });
 */
export class Response extends Body {
  declare readonly [Symbol.toStringTag]: string;
  #head: ResponseHead;

  constructor(body?: BodyInit | null, init?: ResponseInit) {
    super(body);
    this.#head = headOf(init);
    if (!hasBody(this)) return;
    if (withoutBody.includes(this.#head.status)) {
      throw new TypeError(`A response with status ${this.#head.status} has no body`);
    }
    const type = contentTypeOf(body);
    if (type !== null && !this.#head.headers.has("content-type")) {
      this.#head.headers.append("content-type", type);
    }
  }

  static {
    adopt = (response, head) => {
      response.#head = head;
    };
  }

  /** A response whose body is `data` as JSON. */
  static json(data: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("Response.json: the value cannot be written as JSON");
    const headers = new Headers(init?.headers);
    if (!headers.has("content-type")) headers.append("content-type", "application/json");
    return new Response(text, { ...pick(init), headers });
  }

  /** A response that sends the client elsewhere, to an absolute URL. */
  static redirect(url: string | URL, status = 302): Response {
    const location = new URL(`${url}`).href;
    if (!redirects.includes(status)) {
      throw new RangeError(`Response.redirect: ${status} is not one of ${redirects.join(", ")}`);
    }
    return new Response(null, { status, headers: { location } });
  }

  /** A network error, which no client ever sees. */
  static error(): Response {
    const head = { ...headOf(undefined), type: "error", status: 0 } as const;
    return responseOf(head, null);
  }

  get type(): ResponseHead["type"] {
    return this.#head.type;
  }

  get url(): string {
    return this.#head.url;
  }

  get redirected(): boolean {
    return this.#head.redirected;
  }

  get status(): number {
    return this.#head.status;
  }

  get ok(): boolean {
    return this.#head.status >= 200 && this.#head.status <= 299;
  }

  get statusText(): string {
    return this.#head.statusText;
  }

  get headers(): Headers {
    return this.#head.headers;
  }

  /** @throws TypeError when the body was read before */
  clone(): Response {
    const { type, url, redirected, status, statusText, headers } = this.#head;
    const copy = responseOf(
      { type, url, redirected, status, statusText, headers: new Headers(headers) },
      null,
    );
    copyBody(this, copy);
    return copy;
  }
}

asWebInterface(Response, "Response");

/**
 * A response that came from elsewhere: any status, and a body that is asked for only when it is read.
 *
 * @param head its properties may be getters, if they are costly
 */
export function responseOf(head: ResponseHead, body: BodyInit | BodyProvider | null): Response {
  const isProvider = typeof body === "object" && body !== null && "text" in body && "stream" in body;
  const response = new Response(isProvider ? null : body);
  if (isProvider) provideBody(response, body);
  adopt(response, head);
  return response;
}

function headOf(init: ResponseInit | undefined): ResponseHead {
  // Web IDL's `unsigned short`.
  const status = init?.status === undefined ? 200 : init.status & 0xffff;
  if (status < 200 || status > 599)
    throw new RangeError(`A response has no status ${status}: from 200 to 599`);
  const statusText = init?.statusText === undefined ? "" : `${init.statusText}`;
  if (!isReason(statusText)) {
    throw new TypeError("The status text holds a character that HTTP does not allow there");
  }
  return {
    type: "default",
    url: "",
    redirected: false,
    status,
    statusText,
    headers: new Headers(init?.headers ?? undefined),
  };
}

/** RFC 9112, section 4: reason-phrase. */
export function isReason(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

function pick(init: ResponseInit | undefined): { status?: number; statusText?: string } {
  const { status, statusText } = init ?? {};
  return { ...(status !== undefined && { status }), ...(statusText !== undefined && { statusText }) };
}
