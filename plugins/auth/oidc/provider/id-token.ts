/** ID tokens, as OpenID Connect Core 1.0, section 3.1.3.7, has them verified. */
import { base64url, type JWTPayload } from "jose";
import { isSame } from "../../constant-time.ts";
import type { OidcConfig } from "../config.ts";
import type { Provider } from "./provider.ts";
import { readProviderToken } from "./provider-token.ts";

export interface Expected {
  /** Null: of a refresh, where there need not be any (section 12.2). */
  readonly nonce: string | null;
  /** The one that came with it. */
  readonly accessToken: string;
  /** S since the user showed who it is, at most. */
  readonly maxAge?: number;
}

/** Claims, or a short code of what is wrong. */
export type IdTokenResult =
  | { readonly kind: "claims"; readonly claims: JWTPayload & { readonly sub: string } }
  | { readonly kind: "bad"; readonly reason: string };

/** @param now ms since 1970 */
export async function verifyIdToken(
  token: string,
  expected: Expected,
  config: OidcConfig,
  provider: Provider,
  now: number,
): Promise<IdTokenResult> {
  const read = await readProviderToken(token, ["sub", "exp"], config, provider, now);
  if (typeof read === "string") return bad(`id_token_${read}`);
  if (isStale(read.claims, expected, config, now)) return bad("id_token_auth_time");
  return judge(read.claims, read.alg, expected, config.clientId);
}

async function judge(
  claims: JWTPayload,
  alg: string,
  { nonce, accessToken }: Expected,
  clientId: string,
): Promise<IdTokenResult> {
  const { sub, aud, azp, nonce: own, at_hash: hash } = claims;
  if (typeof sub !== "string" || sub === "" || sub.length > 255) return bad("id_token_claims");
  // A token for several is this client's when it says so.
  if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== clientId)
    return bad("id_token_party");
  if (nonce !== null && own !== nonce) return bad("id_token_nonce");
  if (hash !== undefined && !(await isHashOf(hash, accessToken, alg))) return bad("id_token_at_hash");
  return { kind: "claims", claims: { ...claims, sub } };
}

/** Section 3.1.2.1: who asked for `max_age` is told when that was. */
function isStale(
  { auth_time: time }: JWTPayload,
  { maxAge }: Expected,
  { clockTolerance }: OidcConfig,
  now: number,
): boolean {
  if (maxAge === undefined) return false;
  return typeof time !== "number" || !(now / 1000 <= time + maxAge + clockTolerance);
}

/** Section 3.1.3.6: the left half of the hash that the algorithm has; that of Ed25519 is SHA-512. */
async function isHashOf(hash: unknown, text: string, alg: string): Promise<boolean> {
  if (typeof hash !== "string") return false;
  const name = alg.startsWith("Ed") ? "SHA-512" : (`SHA-${alg.slice(-3)}` as "SHA-256");
  const digest = new Uint8Array(await crypto.subtle.digest(name, bytesOfText(text)));
  return isSame(bytesOfText(base64url.encode(digest.subarray(0, digest.length / 2))), bytesOfText(hash));
}

function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function bad(reason: string): IdTokenResult {
  return { kind: "bad", reason };
}
