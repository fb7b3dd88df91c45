import type { PluginRequest } from "sluice/sdk";
import { credentialAt, type Place, type twice } from "./credential.ts";
import { longestToken } from "./jwt/token-form.ts";

/**
 * The token in the first place that has one; in Authorization it stands behind `Bearer` (RFC 6750, section 2.1; schemes
 * have no case). Other schemes are other credentials: then the query and the cookie are looked at.
 *
 * @returns null: there is none; `twice` as in `credentialAt`
 *
 * @example
 * bearerTokenIn(request, { header: "authorization", query: "", cookie: "" }); // "2YotnFZFEjr1zCsicMWpAA"
 */
export function bearerTokenIn(request: PluginRequest, place: Place): string | null | typeof twice {
  if (place.header.toLowerCase() !== "authorization") return credentialAt(request, place);
  const [, token] = /^bearer +(.*)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  return token ?? credentialAt(request, { ...place, header: "" });
}

/** RFC 6750, section 2.1, `b64token`. Two fields of the name are joined by a comma, and are none. */
export function isBearerToken(text: string): boolean {
  return text.length <= longestToken && /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}
