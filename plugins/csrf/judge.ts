/** As much of a request as is used. */
export interface Asking {
  readonly method: string;
  /** Absolute, with the authority that the client asked for. */
  readonly url: string;
  readonly headers: { get(name: string): string | null; has(name: string): boolean };
}

export interface Rules {
  readonly origins: ReadonlySet<string>;
  readonly safeMethods: ReadonlySet<string>;
  readonly strict: boolean;
}

/**
 * Whether a page of another origin may have sent the request in its user's name. Browsers say where a request comes
 * from in Sec-Fetch-Site (Fetch Metadata section 2.3), which no page can set, old ones in Origin alone (RFC 6454).
 *
 * @example
 * isForged({ method: "POST", url: "https://a.test/", headers: new Headers({ "sec-fetch-site": "cross-site" }) }, rules); // true
 */
export function isForged(asking: Asking, rules: Rules): boolean {
  const { url, headers } = asking;
  // A page opens a WebSocket anywhere, cookies come along, and CORS does not hold for it (RFC 6455 section 10.2).
  if (!changesSomething(asking, rules) && !headers.has("sec-websocket-key")) return false;
  const origin = headers.get("origin");
  if (origin !== null && rules.origins.has(origin)) return false;
  const site = headers.get("sec-fetch-site");
  // `none`: the user did it, in the address bar or by a bookmark.
  if (site !== null) return site !== "same-origin" && site !== "none";
  return origin === null ? rules.strict : hostOf(origin) !== hostOf(url);
}

/** By its method alone: a page cannot give a token to a WebSocket that it opens. */
export function changesSomething({ method }: Pick<Asking, "method">, { safeMethods }: Rules): boolean {
  return !safeMethods.has(method);
}

/** Without the scheme: TLS may have ended before this proxy. Null: there is none, as in `null`. */
function hostOf(url: string): string | null {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(url)?.[1]?.toLowerCase() ?? null;
}
