/** The form of a signed token (RFC 7515, section 7.1), before anything in it is believed. */

export interface TokenHeader {
  readonly alg: string;
  readonly kid: string | null;
}

/** Longer ones are not looked at. */
export const longestToken = 8192;

/**
 * What the header of a token says, if the token has the one form that it can have; null: it has not.
 *
 * Other texts than the canonical base64url of the same bytes would be other tokens with the same signature: whoever
 * keeps a list of tokens that are revoked or were used would be passed by. Extensions that one has to understand
 * (`crit`, RFC 7515, section 4.1.11) and keys that the token brings along (`jwk`, `jku`, `x5u`, `x5c`) are refused.
 *
 * @example
 * readTokenHeader("eyJhbGciOiJFUzI1NiJ9.e30.AAAA"); // { alg: "ES256", kid: null }
 */
export function readTokenHeader(token: string): TokenHeader | null {
  if (token.length > longestToken) return null;
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every(isCanonicalBase64Url)) return null;
  const header = readObject(parts[0]!);
  if (header === null || refusedMembers.some((name) => Object.hasOwn(header, name))) return null;
  const { alg, kid = null } = header;
  if (typeof alg !== "string" || (kid !== null && typeof kid !== "string")) return null;
  return { alg, kid };
}

const refusedMembers = ["crit", "b64", "jwk", "jku", "x5u", "x5c", "enc", "zip"];

/** RFC 4648, sections 3.5 and 5: no padding, and the bits that are left over are zero. */
export function isCanonicalBase64Url(text: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return false;
  const last = text.at(-1)!;
  switch (text.length % 4) {
    case 1:
      return false;
    case 2:
      return "AQgw".includes(last);
    case 3:
      return "AEIMQUYcgkosw048".includes(last);
    default:
      return true;
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

function readObject(base64Url: string): Readonly<Record<string, unknown>> | null {
  try {
    const binary = atob(base64Url.replaceAll("-", "+").replaceAll("_", "/"));
    const text = strictUtf8.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
