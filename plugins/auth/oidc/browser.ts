/** What browsers say of the requests that they send (Fetch Metadata Request Headers). */
import type { PluginRequest } from "sluice/sdk";
import { partsOf } from "./login/return-path.ts";

type Asking = Pick<PluginRequest, "method" | "url" | "headers">;

/**
 * Whether somebody waits for a page: anything else is not helped by being sent to another site.
 *
 * @example
 * isNavigation({ method: "GET", url, headers: new Headers({ "sec-fetch-mode": "navigate" }) }); // true
 */
export function isNavigation({ method, headers }: Asking): boolean {
  if (method !== "GET" || headers.has("sec-websocket-key")) return false;
  const mode = headers.get("sec-fetch-mode");
  if (mode !== null) return mode === "navigate";
  // Browsers that do not say it, as on plain HTTP: scripts ask for something else, or name themselves.
  if (headers.has("x-requested-with")) return false;
  return /(?:^|,)\s*text\/html\s*(?:[;,]|$)/i.test(headers.get("accept") ?? "");
}

/**
 * Whether a page of this site sent the request: others could end a login in the user's name otherwise. `none`, the address bar, is
 * also what a link in a mail is.
 *
 * @param origin of this site
 */
export function isFromOwnSite({ headers }: Asking, origin: string): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const sender = headers.get("origin") ?? headers.get("referer");
  return sender !== null && hostOf(sender) === hostOf(origin);
}

/** Without the scheme: TLS may have ended before this proxy. */
function hostOf(url: string): string {
  return partsOf(url)
    .origin.replace(/^[^/]*\/\//, "")
    .toLowerCase();
}
