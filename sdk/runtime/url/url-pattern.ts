import { asWebInterface } from "../web-interface.ts";
import {
  canonicalDomain,
  canonicalHash,
  canonicalIPv6,
  canonicalOpaqueHost,
  canonicalOpaquePathname,
  canonicalPassword,
  canonicalPathname,
  canonicalPort,
  canonicalProtocol,
  canonicalSearch,
  canonicalUsername,
  isDefaultPort,
  isSpecial,
} from "./pattern/canonical.ts";
import { type Component, compileComponent } from "./pattern/component.ts";
import { matchesSpecial, parseConstructorText } from "./pattern/constructor-text.ts";
import {
  type ComponentName,
  componentNames,
  processInit,
  readInit,
  type URLPatternInit,
} from "./pattern/init.ts";
import type { Encode, PatternOptions } from "./pattern/parts.ts";
import { URL } from "./url.ts";

export type { URLPatternInit } from "./pattern/init.ts";

export type URLPatternInput = string | URLPatternInit;

export interface URLPatternOptions {
  readonly ignoreCase?: boolean;
}

export interface URLPatternComponentResult {
  readonly input: string;
  readonly groups: Readonly<Record<string, string | undefined>>;
}

export type URLPatternResult = { readonly inputs: readonly URLPatternInput[] } & {
  readonly [name in ComponentName]: URLPatternComponentResult;
};

type Components = Readonly<Record<ComponentName, Component>>;

/**
 * `URLPattern` of the URL Pattern Standard, section 1.2. Its regular expressions are the guest's own,
 * at the expense of the guest.
 */
export class URLPattern {
  declare readonly [Symbol.toStringTag]: string;
  readonly #components: Components;

  /** @throws TypeError for what is no pattern, and for a text without protocol and base */
  constructor(
    input: URLPatternInput = {},
    baseOrOptions?: string | URLPatternOptions,
    options?: URLPatternOptions,
  ) {
    const hasBase = typeof baseOrOptions === "string" || options !== undefined;
    const base = hasBase ? `${baseOrOptions as string}` : undefined;
    const { ignoreCase } = (hasBase ? options : (baseOrOptions as URLPatternOptions | undefined)) ?? {};
    this.#components = compile(processInit(initOf(input, base), "pattern"), Boolean(ignoreCase));
  }

  get protocol(): string {
    return this.#components.protocol.text;
  }

  get username(): string {
    return this.#components.username.text;
  }

  get password(): string {
    return this.#components.password.text;
  }

  get hostname(): string {
    return this.#components.hostname.text;
  }

  get port(): string {
    return this.#components.port.text;
  }

  get pathname(): string {
    return this.#components.pathname.text;
  }

  get search(): string {
    return this.#components.search.text;
  }

  get hash(): string {
    return this.#components.hash.text;
  }

  get hasRegExpGroups(): boolean {
    return componentNames.some((name) => this.#components[name].hasRegExpGroups);
  }

  /** @throws TypeError for an object together with a base */
  test(input: URLPatternInput = {}, base?: string): boolean {
    return this.exec(input, base) !== null;
  }

  /** @throws TypeError for an object together with a base */
  exec(input: URLPatternInput = {}, base?: string): URLPatternResult | null {
    const url = urlOf(input, base);
    if (url === null) return null;
    const result: Record<string, unknown> = { inputs: base === undefined ? [input] : [input, base] };
    for (const name of componentNames) {
      const matched = matchComponent(this.#components[name], url[name]);
      if (matched === null) return null;
      result[name] = matched;
    }
    return result as URLPatternResult;
  }
}

asWebInterface(URLPattern, "URLPattern");

function initOf(input: URLPatternInput, base: string | undefined): URLPatternInit {
  if (typeof input === "object" && input !== null) {
    if (base !== undefined) throw new TypeError("A pattern that is an object has its base in itself");
    return readInit(input);
  }
  const init = parseConstructorText(`${input}`.toWellFormed());
  if (base === undefined && init.protocol === undefined) {
    throw new TypeError(`Pattern ${JSON.stringify(input)} has neither a protocol nor a base`);
  }
  return base === undefined ? init : { ...init, baseURL: base };
}

/** URL Pattern Standard, "create a URL pattern". */
function compile(init: URLPatternInit, ignoreCase: boolean): Components {
  const text = (name: ComponentName) => init[name] ?? "*";
  const simple: PatternOptions = { delimiter: "", prefix: "", ignoreCase: false };
  const withCase: PatternOptions = { ...simple, ignoreCase };
  const protocol = compileComponent(text("protocol"), simple, canonicalProtocol);
  const hasPath = matchesSpecial(protocol);
  const encodeHost = hostEncoder(text("hostname"), hasPath || protocol.text === "*");
  return {
    protocol,
    username: compileComponent(text("username"), simple, canonicalUsername),
    password: compileComponent(text("password"), simple, canonicalPassword),
    hostname: compileComponent(text("hostname"), { ...simple, delimiter: "." }, encodeHost),
    port: compileComponent(portText(init), simple, (port) => canonicalPort(port, "")),
    pathname: hasPath
      ? compileComponent(text("pathname"), { delimiter: "/", prefix: "/", ignoreCase }, canonicalPathname)
      : compileComponent(text("pathname"), withCase, canonicalOpaquePathname),
    search: compileComponent(text("search"), withCase, canonicalSearch),
    hash: compileComponent(text("hash"), withCase, canonicalHash),
  };
}

/** URLs leave the default port out. */
function portText({ protocol = "*", port = "*" }: URLPatternInit): string {
  return isSpecial(protocol) && isDefaultPort(port, protocol) ? "" : port;
}

function hostEncoder(hostname: string, isDomain: boolean): Encode {
  if (/^[\\{]?\[/.test(hostname)) return canonicalIPv6;
  return isDomain ? canonicalDomain : canonicalOpaqueHost;
}

/** The components to match; null when the input is no URL, which nothing matches. */
function urlOf(input: URLPatternInput, base: string | undefined): Record<ComponentName, string> | null {
  const isUrl = input instanceof URL && base === undefined;
  if (typeof input === "object" && input !== null && !isUrl) {
    if (base !== undefined) throw new TypeError("An input that is an object has its base in itself");
    return urlOfInit(readInit(input));
  }
  const url = URL.parse(`${input as string}`, base);
  if (url === null) return null;
  const { protocol, username, password, hostname, port, pathname, search, hash } = url;
  return {
    protocol: protocol.slice(0, -1),
    username,
    password,
    hostname,
    port,
    pathname,
    search: search.slice(1),
    hash: hash.slice(1),
  };
}

function urlOfInit(init: URLPatternInit): Record<ComponentName, string> | null {
  try {
    const processed = processInit(init, "url");
    return Object.fromEntries(componentNames.map((name) => [name, processed[name] ?? ""])) as Record<
      ComponentName,
      string
    >;
  } catch {
    return null;
  }
}

function matchComponent({ regexp, names }: Component, input: string): URLPatternComponentResult | null {
  const match = regexp.exec(input);
  if (match === null) return null;
  const groups: Record<string, string | undefined> = {};
  names.forEach((name, i) => {
    groups[name] = match[i + 1];
  });
  return { input, groups };
}
