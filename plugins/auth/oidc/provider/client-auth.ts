/** How this proxy says to the token endpoint which client it is (OpenID Connect Core 1.0, section 9). */
import { importJWK, importPKCS8, type JWK, SignJWT } from "jose";
import type { OidcConfig } from "../config.ts";

/** What a call of an endpoint has for it. */
export interface ClientProof {
  readonly headers: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

export type ProveClient = () => ClientProof | Promise<ClientProof>;

/** For how long a signed proof is good, in s. */
const proofLifetime = 60;

/**
 * @param now ms since 1970
 * @throws Error that holds nothing of the secret or the key, when it is missing or cannot be read
 */
export async function clientAuth(config: OidcConfig, now: () => number): Promise<ProveClient> {
  const { clientId, clientSecret, clientAuth: method } = config;
  if ((method === "basic" || method === "post") && clientSecret === "")
    throw new Error("clientSecret is missing");
  switch (method) {
    case "none":
      return () => ({ headers: {}, form: { client_id: clientId } });
    case "post":
      return () => ({ headers: {}, form: { client_id: clientId, client_secret: clientSecret } });
    case "basic": {
      const authorization = `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`;
      return () => ({ headers: { authorization }, form: {} });
    }
    case "private-key-jwt": {
      const key = await readKey(config.clientKey);
      return async () => ({
        headers: {},
        form: {
          client_id: clientId,
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: await signedProof(config, key, now()),
        },
      });
    }
  }
}

/** RFC 6749, section 2.3.1 and appendix B. */
function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

/** RFC 7523, section 3. Whoever gets it can use it only at the one that it names. */
function signedProof(
  { clientId, clientKey, issuer }: OidcConfig,
  key: CryptoKey | Uint8Array,
  now: number,
): Promise<string> {
  const issued = Math.floor(now / 1000);
  const { alg, kid, audience } = clientKey;
  return new SignJWT({
    iss: clientId,
    sub: clientId,
    aud: audience || issuer,
    jti: crypto.randomUUID(),
    iat: issued,
    exp: issued + proofLifetime,
  })
    .setProtectedHeader({ alg, typ: "JWT", ...(kid !== "" && { kid }) })
    .sign(key);
}

async function readKey({ key, alg }: OidcConfig["clientKey"]): Promise<CryptoKey | Uint8Array> {
  try {
    if (!key.trimStart().startsWith("{")) return await importPKCS8(key.trim(), alg);
    const jwk = JSON.parse(key) as JWK;
    if (jwk.kty !== "oct" && typeof jwk.d === "string") return await importJWK(jwk, alg);
  } catch {
    // What the library says may hold a part of the key.
  }
  throw new Error(`clientKey/key is no private key for ${alg}, as PEM (BEGIN PRIVATE KEY) or JWK`);
}
