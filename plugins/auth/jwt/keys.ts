/** The keys that an operator wrote down. */
import { exportJWK, importSPKI, type JWK } from "jose";
import type { JwtConfig } from "./config.ts";
import { algorithmsOf, type VerifyingKey, verifyingKey } from "./key-set.ts";

type KeyEntry = JwtConfig["keys"][number];

/** Bytes of the hash, which are the least that its secret has (RFC 7518, section 3.2). */
const hashBytes: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/**
 * Reads the keys and imports each for one of its algorithms, so that a bad one is known before there is traffic.
 *
 * @throws Error that names the key by its place, and holds nothing of it
 */
export function readKeys(entries: readonly KeyEntry[]): Promise<VerifyingKey[]> {
  return Promise.all(entries.map(readKey));
}

async function readKey(entry: KeyEntry, index: number): Promise<VerifyingKey> {
  const place = `keys/${index}`;
  const jwk = await jwkOf(entry, place);
  const algorithms = algorithmsOf(jwk);
  if (algorithms.length === 0)
    throw new Error(`${place} is no key for signatures, or alg does not belong to its type`);
  for (const name of algorithms) checkSecret(jwk, name, place);
  const key = verifyingKey(jwk);
  await key.for(algorithms[0]!).catch(() => {
    throw new Error(`${place} could not be read as a key`);
  });
  return key;
}

async function jwkOf({ jwk, pem, secret, alg, kid }: KeyEntry, place: string): Promise<JWK> {
  const name = kid === undefined ? {} : { kid };
  if ([jwk, pem, secret].filter((form) => form !== undefined).length !== 1) {
    throw new Error(`${place} has not one of jwk, pem and secret`);
  }
  if (jwk !== undefined) return { ...readJwk(jwk, place), ...name };
  if (alg === undefined) throw new Error(`${place} has no alg`);
  if (secret !== undefined) return { kty: "oct", k: base64Url(secret), alg, ...name };
  const key = await importSPKI(pem!, alg, { extractable: true }).catch(() => {
    throw new Error(`${place}/pem is no public key for ${alg}`);
  });
  return { ...(await exportJWK(key)), alg, ...name };
}

/** @throws Error that holds nothing of it */
export function readJwk(jwk: unknown, place: string): JWK {
  try {
    const value: unknown = typeof jwk === "string" ? JSON.parse(jwk) : jwk;
    if (typeof value === "object" && value !== null && "kty" in value) return value as JWK;
  } catch {
    // What the parser says holds a part of the text.
  }
  throw new Error(`${place}/jwk is no key`);
}

function checkSecret({ kty, k, alg }: JWK, algorithm: string, place: string): void {
  if (kty !== "oct") return;
  if (alg === undefined) throw new Error(`${place} has no alg`);
  const least = hashBytes[algorithm]!;
  if (Math.floor(((k ?? "").length * 3) / 4) < least)
    throw new Error(`${place} has less than ${least} bytes`);
}

function base64Url(text: string): string {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
