import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

export interface Signer {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** A new key pair; the public key as a JWK with its name. */
export async function newSigner(alg: string, kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

export const issuer = "https://login.example.com";
export const audience = "orders";

/** A token that is good for an hour, but for what the claims and the header say. */
export function sign(
  { alg, kid, privateKey }: Signer,
  claims: Record<string, unknown> = {},
  header: object = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: issuer, aud: audience, sub: "alice", iat: now, exp: now + 3600, ...claims })
    .setProtectedHeader({ alg, kid, ...header })
    .sign(privateKey);
}

export function base64Url(value: string | object): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return Buffer.from(text).toString("base64url");
}
