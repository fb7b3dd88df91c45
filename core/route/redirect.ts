/** Where a redirect leads: Location (RFC 9110 section 10.2.2). */
import type { PathMatch, RedirectConfig } from "../config/route-model.ts";
import { compileRewrite, withOneSlash } from "./path-rewrite.ts";

/** The parts of a request that a redirect may keep. */
export interface RequestedUrl {
  readonly scheme: "http" | "https";
  /** Checked, lower case, with a port or without; empty: the request names none. */
  readonly authority: string;
  /** Canonical. */
  readonly path: string;
  /** From `?` on, or empty. */
  readonly query: string;
}

/** Null: the request names no host, and the redirect keeps it. */
export type Locate = (url: RequestedUrl) => string | null;

/**
 * Compiles a redirect. A Location is a path that begins with one slash, or a whole URL made of parts of which each
 * was checked: no path of a request can lead to another host, and nothing can end the field.
 *
 * @example
 * const locate = compileRedirect({ status: 301, scheme: "https", host: null, port: null, path: null, keepQuery: true }, any);
 * locate({ scheme: "http", authority: "a.test:80", path: "/a", query: "?b" }); // "https://a.test/a?b"
 */
export function compileRedirect(config: RedirectConfig, matched: PathMatch): Locate {
  const { scheme, host, port, keepQuery } = config;
  const rewrite = config.path === null ? null : compileRewrite(matched, config.path);
  const isRelative = scheme === null && host === null && port === null;
  return (url) => {
    // OPTIONS for the server as a whole has no path that a redirect could keep.
    const asked = url.path === "*" ? "/" : url.path;
    const path = withOneSlash(rewrite === null ? asked : rewrite(asked));
    const target = encode(path) + (keepQuery ? encode(url.query) : "");
    if (isRelative) return target;
    const origin = originFor(config, url);
    return origin === null ? null : origin + target;
  };
}

function originFor({ scheme, host, port }: RedirectConfig, url: RequestedUrl): string | null {
  const [, ownHost = "", ownPort = ""] = /^(\[.*\]|[^:]*)(?::(.*))?$/.exec(url.authority) ?? [];
  const name = host ?? ownHost;
  if (name === "") return null;
  const newScheme = scheme ?? url.scheme;
  const kept = scheme === null && host === null ? ownPort : "";
  const newPort = port === null ? kept : String(port);
  const isDefault = newPort === (newScheme === "https" ? "443" : "80");
  return `${newScheme}://${name}${newPort === "" || isDefault ? "" : `:${newPort}`}`;
}

/** RFC 3986: what may not stand in a URL, though browsers send some of it; to some of them `\` is a slash. */
const toEncode = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/g;

function encode(text: string): string {
  return text.replace(toEncode, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}
