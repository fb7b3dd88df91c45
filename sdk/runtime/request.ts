import { Body, type BodyInit, contentTypeOf, copyBody, hasBody, moveBody } from "./body.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { URL } from "./url/url.ts";
import { AbortController, AbortSignal } from "./web/abort.ts";
import { asWebInterface } from "./web-interface.ts";

export type RedirectMode = "follow" | "error" | "manual";

export interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  signal?: AbortSignal | null;
  redirect?: RedirectMode;
}

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const upperCased = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
const forbidden = ["CONNECT", "TRACE", "TRACK"];
const redirectModes = ["follow", "error", "manual"];

/**
 * `Request` of the Fetch Standard, section 5.4, as far as a server needs it: there is no document
 * that a mode, a referrer or credentials could be about.
 *
 * @throws TypeError for what is no absolute URL, a forbidden method, or a body on GET or HEAD
 * @example new Request("https://tenants.internal/42", { headers: { accept: "application/json" } })
 */
export class Request extends Body {
  declare readonly [Symbol.toStringTag]: string;
  readonly #url: string;
  readonly #method: string;
  readonly #headers: Headers;
  readonly #redirect: RedirectMode;
  #signal: AbortSignal | null;

  constructor(input: string | URL | Request, init?: RequestInit) {
    const from = input instanceof Request ? input : null;
    const settings = init ?? {};
    super(settings.body);
    this.#url = from === null ? urlOf(input as string | URL) : from.#url;
    this.#method =
      settings.method === undefined ? (from === null ? "GET" : from.#method) : methodOf(settings.method);
    this.#redirect = redirectOf(settings.redirect, from);
    this.#signal = signalOf(settings.signal, from === null ? null : from.#signal);
    this.#headers = new Headers(settings.headers ?? (from === null ? undefined : from.#headers));
    const movesBody = !hasBody(this) && from !== null && hasBody(from);
    if ((hasBody(this) || movesBody) && (this.#method === "GET" || this.#method === "HEAD")) {
      throw new TypeError(`A request with method ${this.#method} has no body`);
    }
    if (movesBody) moveBody(from, this);
    const type = hasBody(this) && !movesBody ? contentTypeOf(settings.body) : null;
    if (type !== null && !this.#headers.has("content-type")) this.#headers.append("content-type", type);
  }

  get method(): string {
    return this.#method;
  }

  get url(): string {
    return this.#url;
  }

  get headers(): Headers {
    return this.#headers;
  }

  get redirect(): RedirectMode {
    return this.#redirect;
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  /** @throws TypeError when the body was read before */
  clone(): Request {
    const copy = new Request(this.#url, {
      method: this.#method,
      headers: this.#headers,
      redirect: this.#redirect,
      signal: this.#signal,
    });
    copyBody(this, copy);
    return copy;
  }
}

asWebInterface(Request, "Request");

function urlOf(input: string | URL): string {
  if ((input as unknown) instanceof IncomingRequest) {
    throw new TypeError(
      "Cannot send the plugin's own request: write fetch(request.url, { method, headers, body: await request.bytes() })",
    );
  }
  const url = new URL(`${input}`);
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("The URL of a request holds credentials");
  }
  return url.href;
}

function methodOf(method: string): string {
  const name = `${method}`;
  if (!token.test(name)) throw new TypeError("The method of a request is not a token");
  const upper = name.toUpperCase();
  if (forbidden.includes(upper)) throw new TypeError(`A request cannot have the method ${upper}`);
  return upperCased.includes(upper) ? upper : name;
}

function redirectOf(mode: RedirectMode | undefined, from: Request | null): RedirectMode {
  if (mode === undefined) return from?.redirect ?? "follow";
  if (!redirectModes.includes(`${mode}`)) throw new TypeError("redirect is neither follow, error nor manual");
  return mode;
}

function signalOf(signal: AbortSignal | null | undefined, inherited: AbortSignal | null): AbortSignal | null {
  if (signal === undefined) return inherited;
  if (signal !== null && !(signal instanceof AbortSignal))
    throw new TypeError("signal is not an AbortSignal");
  return signal;
}
