/** Where in a request a credential is, and how it is taken out. */
import type { PluginRequest } from "sluice/sdk";
import { cookieOf, cookiesIn } from "../shared/cookies.ts";

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
    const all = cookiesIn(request.headers.get("cookie"));
    const [found, second] = all.filter(({ name }) => name === place.cookie);
    if (found !== undefined) return second === undefined ? found.value : twice;
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

/** What else there is stays as the client wrote it. */
function removeCookie({ headers }: PluginRequest, name: string): void {
  const text = headers.get("cookie");
  if (text === null) return;
  const parts = text.split(";");
  const kept = parts.filter((part) => cookieOf(part).name !== name);
  if (kept.length === parts.length) return;
  const left = kept.join(";").trim();
  if (left === "") headers.delete("cookie");
  else headers.set("cookie", left);
}
