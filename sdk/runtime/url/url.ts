import { callText } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { joinTexts } from "../text-pair.ts";
import { asWebInterface } from "../web-interface.ts";
import { locateParts, type UrlParts } from "./parts.ts";
import { linkedParams, replaceParams, type URLSearchParams } from "./search-params.ts";

/**
 * `URL` of the URL Standard, section 6.1. The host parses, so a route is never to be decided on it: what the
 * proxy understood of a target is in the request. A setter throws a TypeError where the standard has no
 * exception: when the URL is longer than 64 Ki characters.
 */
export class URL {
  declare readonly [Symbol.toStringTag]: string;
  #href: string;
  #located: UrlParts | null = null;
  #params: URLSearchParams | null = null;

  /** @throws TypeError for what is no URL, or is longer than 64 Ki characters */
  constructor(url: string | URL, base: string | URL | undefined = undefined) {
    this.#href = parse(url, base);
  }

  static canParse(url: string | URL, base: string | URL | undefined = undefined): boolean {
    return URL.parse(url, base) !== null;
  }

  static parse(url: string | URL, base: string | URL | undefined = undefined): URL | null {
    const input = `${url}`;
    const baseText = base === undefined ? undefined : `${base}`;
    try {
      return new URL(input, baseText);
    } catch {
      return null;
    }
  }

  get href(): string {
    return this.#href;
  }

  /** @throws TypeError for what is no URL */
  set href(value: string) {
    this.#replaceHref(parse(value, undefined));
    if (this.#params !== null) replaceParams(this.#params, this.search);
  }

  get origin(): string {
    return originOf(this);
  }

  get protocol(): string {
    return this.#href.slice(0, this.#parts.schemeEnd);
  }

  set protocol(value: string) {
    this.#set("protocol", value);
  }

  get username(): string {
    const { authority, host } = this.#parts;
    return host === authority ? "" : this.#href.slice(authority, this.#usernameEnd);
  }

  set username(value: string) {
    this.#set("username", value);
  }

  get password(): string {
    const { authority, host } = this.#parts;
    return host === authority ? "" : this.#href.slice(this.#usernameEnd + 1, host - 1);
  }

  set password(value: string) {
    this.#set("password", value);
  }

  get host(): string {
    const { host, path } = this.#parts;
    return this.#href.slice(host, path);
  }

  set host(value: string) {
    this.#set("host", value);
  }

  get hostname(): string {
    const { host, hostEnd } = this.#parts;
    return this.#href.slice(host, hostEnd);
  }

  set hostname(value: string) {
    this.#set("hostname", value);
  }

  get port(): string {
    const { hostEnd, path } = this.#parts;
    return this.#href.slice(hostEnd + 1, path);
  }

  set port(value: string) {
    this.#set("port", value);
  }

  get pathname(): string {
    const { path, query } = this.#parts;
    return this.#href.slice(path, query);
  }

  set pathname(value: string) {
    this.#set("pathname", value);
  }

  get search(): string {
    const { query, hash } = this.#parts;
    return hash - query > 1 ? this.#href.slice(query, hash) : "";
  }

  set search(value: string) {
    this.#set("search", value);
    if (this.#params !== null) replaceParams(this.#params, this.search);
  }

  get searchParams(): URLSearchParams {
    this.#params ??= linkedParams(this.search, (query) => this.#spliceQuery(query));
    return this.#params;
  }

  get hash(): string {
    const { hash } = this.#parts;
    return this.#href.length - hash > 1 ? this.#href.slice(hash) : "";
  }

  set hash(value: string) {
    this.#set("hash", value);
  }

  toString(): string {
    return this.#href;
  }

  toJSON(): string {
    return this.#href;
  }

  get #parts(): UrlParts {
    this.#located ??= locateParts(this.#href);
    return this.#located;
  }

  /** Where the name ends, before the password's colon or before `@`. */
  get #usernameEnd(): number {
    const { authority, host } = this.#parts;
    const colon = this.#href.indexOf(":", authority);
    return colon < 0 || colon > host ? host - 1 : colon;
  }

  #set(component: string, value: string): void {
    this.#replaceHref(callText(HostOp.urlSet, `${component}:${joinTexts(this.#href, `${value}`)}`));
  }

  /** What `URLSearchParams` serializes needs no more encoding: the host is not asked. */
  #spliceQuery(query: string): void {
    const parts = this.#parts;
    const mark = query === "" ? "" : "?";
    this.#replaceHref(this.#href.slice(0, parts.query) + mark + query + this.#href.slice(parts.hash));
  }

  #replaceHref(href: string): void {
    this.#href = href;
    this.#located = null;
  }
}

asWebInterface(URL, "URL");

function parse(url: string | URL, base: string | URL | undefined): string {
  return callText(HostOp.urlParse, joinTexts(base === undefined ? undefined : `${base}`, `${url}`));
}

/** URL Standard, section 4.7: the origin of a blob is that of the page in its path. */
function originOf(url: URL): string {
  switch (url.protocol) {
    case "http:":
    case "https:":
    case "ws:":
    case "wss:":
    case "ftp:":
      return `${url.protocol}//${url.host}`;
    case "blob:": {
      const page = URL.parse(url.pathname);
      return page?.protocol === "http:" || page?.protocol === "https:" ? page.origin : "null";
    }
    default:
      return "null";
  }
}
