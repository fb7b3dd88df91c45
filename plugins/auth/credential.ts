/** Where in a request a credential is, and how it is taken out. */
import type { PluginRequest } from "sluice/sdk";

/** One place has a name, the others are empty. */
export interface Place {
  readonly header: string;
  readonly query: string;
  readonly cookie: string;
}

/**
 * The credential in the first place that has one; null: none has.
 *
 * @returns `twice` for a query or a cookie that is there more than once: whom the service would believe is not known
 *
 * @example
 * credentialAt(request, { header: "x-api-key", query: "", cookie: "" }); // "abc"
 */
export function credentialAt(request: PluginRequest, place: Place): string | null | typeof twice {
  if (place.header !== "") {
    const value = request.headers.get(place.header);
    if (value !== null) return value;
  }
  if (place.query !== "") {
    const [value, second] = queryOf(request.url).getAll(place.query);
    if (value !== undefined) return second === undefined ? value : twice;
  }
  if (place.cookie !== "") {
    const [value, second] = cookiesOf(request).filter(([name]) => name === place.cookie);
    if (value !== undefined) return second === undefined ? value[1] : twice;
  }
  return null;
}

export const twice: unique symbol = Symbol("twice");

/** Takes the credential out of the request, so that neither the service nor its log has it. */
export function removeCredential(request: PluginRequest, place: Place): void {
  if (place.header !== "") request.headers.delete(place.header);
  if (place.query !== "") removeQuery(request, place.query);
  if (place.cookie !== "") removeCookie(request, place.cookie);
}

function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start + 1));
}

/** What else there is stays as the client wrote it. */
function removeQuery(request: PluginRequest, name: string): void {
  const { url } = request;
  const start = url.indexOf("?");
  if (start < 0) return;
  const parts = url.slice(start + 1).split("&");
  const kept = parts.filter((part) => !new URLSearchParams(part).has(name));
  if (kept.length === parts.length) return;
  request.url = url.slice(0, start) + (kept.length === 0 ? "" : `?${kept.join("&")}`);
}

/** RFC 6265, section 5.4: `name=value` with `; ` between. */
function cookiesOf({ headers }: PluginRequest): [name: string, value: string][] {
  // Two Cookie fields are joined as fields are, HTTP/2 and careless clients send them (RFC 9113, section 8.2.3).
  const parts = headers.get("cookie")?.split(/[;,]/) ?? [];
  return parts.map((part) => {
    const equals = part.indexOf("=");
    return [part.slice(0, Math.max(equals, 0)).trim(), part.slice(equals + 1).trim()];
  });
}

/** What else there is stays as the client wrote it: others have commas in their values. */
function removeCookie({ headers }: PluginRequest, name: string): void {
  const text = headers.get("cookie");
  if (text === null) return;
  let kept = "";
  let wasRemoved = false;
  for (const [piece, separator = "", part = ""] of text.matchAll(/([;,]?)([^;,]*)/g)) {
    const isOwn = part.slice(0, Math.max(part.indexOf("="), 0)).trim() === name;
    if (!isOwn)
      kept += wasRemoved && kept !== "" && separator !== "" ? `;${part}` : kept === "" ? part : piece;
    wasRemoved = isOwn;
  }
  kept = kept.trim();
  if (kept === "") headers.delete("cookie");
  else if (kept !== text) headers.set("cookie", kept);
}
