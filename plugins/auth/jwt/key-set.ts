/** Keys that verify tokens, each bound to the algorithms that its type has. */
import { importJWK, type JWK } from "jose";

/** A key of a set. */
export interface VerifyingKey {
  /** Null: it has no name, and tokens that name another key may still be its own. */
  readonly kid: string | null;
  /** What tokens of this key may say in `alg`. */
  readonly algorithms: readonly string[];
  /** Imported for one algorithm. */
  for(algorithm: string): Promise<CryptoKey | Uint8Array>;
}

/** Those of a set that fits into a response. */
const mostKeys = 100;

/**
 * The algorithms of a key's type (RFC 7518, section 3.1; RFC 8037): a public RSA key is never the secret of an HMAC.
 * Empty: this is no key for signatures.
 */
export function algorithmsOf({ kty, crv, use, key_ops: operations, alg }: JWK): readonly string[] {
  if (use !== undefined && use !== "sig") return [];
  if (operations !== undefined && !operations.includes("verify")) return [];
  const possible = byType[`${kty} ${crv ?? ""}`.trim()] ?? [];
  return alg === undefined ? possible : possible.filter((name) => name === alg);
}

const byType: Readonly<Record<string, readonly string[]>> = {
  oct: ["HS256", "HS384", "HS512"],
  RSA: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  "EC P-256": ["ES256"],
  "EC P-384": ["ES384"],
  "EC P-521": ["ES512"],
  "OKP Ed25519": ["EdDSA", "Ed25519"],
};

/** A key that is imported when it is first used. */
export function verifyingKey(jwk: JWK): VerifyingKey {
  const imported = new Map<string, Promise<CryptoKey | Uint8Array>>();
  return {
    kid: jwk.kid ?? null,
    algorithms: algorithmsOf(jwk),
    for(algorithm) {
      let key = imported.get(algorithm);
      if (key === undefined) {
        key = importJWK(publicPart(jwk), algorithm);
        key.catch(() => imported.delete(algorithm));
        imported.set(algorithm, key);
      }
      return key;
    },
  };
}

/**
 * Reads the JSON of a key set that was fetched (RFC 7517, section 5). Keys that are of no use here are passed over, and
 * so are secrets: what anybody may fetch is none.
 *
 * @throws Error when it is no key set
 */
export function readKeySet(text: string): VerifyingKey[] {
  const { keys } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error("it has no list of keys");
  if (keys.length > mostKeys) throw new Error(`it has more than ${mostKeys} keys`);
  return keys
    .filter((key): key is JWK => typeof key === "object" && key !== null)
    .filter((key) => key.kty !== "oct" && (key.kid === undefined || typeof key.kid === "string"))
    .map(verifyingKey)
    .filter(({ algorithms }) => algorithms.length > 0);
}

/**
 * The key of a token; null: there is none, or it does not say which of several it is.
 *
 * @param kid a name to compare, and nothing else
 */
export function findKey(
  keys: readonly VerifyingKey[],
  algorithm: string,
  kid: string | null,
): VerifyingKey | null {
  const fitting = keys.filter(({ algorithms }) => algorithms.includes(algorithm));
  const named = kid === null ? fitting : fitting.filter((key) => key.kid === kid);
  const chosen = named.length > 0 ? named : fitting.filter((key) => key.kid === null);
  return chosen.length === 1 ? chosen[0]! : null;
}

/** What is needed to verify: a private key that is in a config by mistake goes no further. */
function publicPart({ kty, crv, x, y, n, e, k }: JWK): JWK {
  const material = { kty, crv, x, y, n, e, k };
  return Object.fromEntries(Object.entries(material).filter(([, value]) => value !== undefined)) as JWK;
}
