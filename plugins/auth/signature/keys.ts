/** Keys that verify signatures of requests, each for one algorithm (RFC 9421, section 3.3). */
import { sha256 } from "@noble/hashes/sha2.js";
import type { JWK } from "jose";
import type { Identity } from "sluice/sdk";
import { bytesOf } from "../base64.ts";
import { hexOf } from "../hex.ts";
import { readJwk } from "../jwt/keys.ts";
import { cryptoTurns } from "../turns.ts";
import type { SignatureAlgorithm, SignatureConfig } from "./config.ts";

type KeyEntry = SignatureConfig["keys"][number];

export interface SignatureKey {
  readonly alg: SignatureAlgorithm;
  /** The key in short, and nothing that tells it: two of one name, in two policies, have nonces of their own. */
  readonly print: string;
  readonly identity: Identity;
  isSigned(text: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

type ImportAlgorithm = Parameters<typeof crypto.subtle.importKey>[2];
type VerifyAlgorithm = Parameters<typeof crypto.subtle.verify>[0];

/** How a key is imported, and how a signature is verified with it. */
interface Suite {
  readonly kty: string;
  readonly imported: ImportAlgorithm;
  readonly verified: VerifyAlgorithm;
  /** Bytes; null: as many as the modulus has. */
  readonly length: number | null;
}

const suites: Readonly<Record<SignatureAlgorithm, Suite>> = {
  ed25519: { kty: "OKP Ed25519", imported: { name: "Ed25519" }, verified: { name: "Ed25519" }, length: 64 },
  "ecdsa-p256-sha256": {
    kty: "EC P-256",
    imported: { name: "ECDSA", namedCurve: "P-256" },
    verified: { name: "ECDSA", hash: "SHA-256" },
    length: 64,
  },
  "ecdsa-p384-sha384": {
    kty: "EC P-384",
    imported: { name: "ECDSA", namedCurve: "P-384" },
    verified: { name: "ECDSA", hash: "SHA-384" },
    length: 96,
  },
  // Section 3.3.1: the salt has 64 bytes.
  "rsa-pss-sha512": {
    kty: "RSA",
    imported: { name: "RSA-PSS", hash: "SHA-512" },
    verified: { name: "RSA-PSS", saltLength: 64 },
    length: null,
  },
  "rsa-v1_5-sha256": {
    kty: "RSA",
    imported: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    verified: { name: "RSASSA-PKCS1-v1_5" },
    length: null,
  },
  "hmac-sha256": {
    kty: "oct",
    imported: { name: "HMAC", hash: "SHA-256" },
    verified: { name: "HMAC" },
    length: 32,
  },
};

/** RFC 2104, section 3: a secret has as many bytes as the hash at least. */
const leastSecret = 32;

/**
 * Reads the keys by their names, and imports them.
 *
 * @throws Error that names a key by its place, and holds nothing of it
 */
export async function readSignatureKeys(
  entries: readonly KeyEntry[],
): Promise<ReadonlyMap<string, SignatureKey>> {
  const keys = new Map<string, SignatureKey>();
  for (const [index, entry] of entries.entries()) {
    const place = `keys/${index}`;
    if (keys.has(entry.keyid)) throw new Error(`${place}/keyid is there twice`);
    keys.set(entry.keyid, await readKey(entry, place));
  }
  return keys;
}

async function readKey(entry: KeyEntry, place: string): Promise<SignatureKey> {
  const { alg, keyid, subject, scopes, groups, claims } = entry;
  const { verified, length } = suites[alg];
  const key = await importKey(entry, place);
  return {
    alg,
    print: printOf(entry),
    identity: {
      subject: subject || keyid,
      method: "signature",
      claims: { ...claims, keyid },
      scopes,
      groups,
    },
    async isSigned(text, signature) {
      if (length !== null && signature.length !== length) return false;
      return cryptoTurns.take(() => crypto.subtle.verify(verified, key, signature, text));
    },
  };
}

function printOf({ alg, jwk, pem, secret }: KeyEntry): string {
  return hexOf(sha256(new TextEncoder().encode(JSON.stringify([alg, jwk ?? pem ?? secret]))));
}

async function importKey({ jwk, pem, secret, alg }: KeyEntry, place: string): Promise<CryptoKey> {
  if ([jwk, pem, secret].filter((form) => form !== undefined).length !== 1) {
    throw new Error(`${place} has not one of jwk, pem and secret`);
  }
  const { kty, imported } = suites[alg];
  if (kty === "oct") {
    const bytes = secretOf(jwk, secret, place);
    if (bytes.length < leastSecret) throw new Error(`${place} has less than ${leastSecret} bytes`);
    return crypto.subtle.importKey("raw", bytes, imported, false, ["verify"]);
  }
  if (secret !== undefined) throw new Error(`${place} has a secret, and ${alg} has none`);
  const publicKey = jwk === undefined ? null : publicPart(readJwk(jwk, place), kty, place);
  try {
    return publicKey === null
      ? await crypto.subtle.importKey("spki", bytesOfPem(pem!), imported, false, ["verify"])
      : await crypto.subtle.importKey("jwk", publicKey, imported, false, ["verify"]);
  } catch {
    // Of RSA the host takes none with less than 2048 bits.
    throw new Error(`${place} is no public key for ${alg}, or a weak one`);
  }
}

function secretOf(jwk: unknown, secret: string | undefined, place: string): Uint8Array<ArrayBuffer> {
  if (secret !== undefined) return new TextEncoder().encode(secret);
  // A public key in the place of a secret would let everybody sign.
  if (jwk === undefined) throw new Error(`${place} has no secret, which hmac-sha256 needs`);
  const { kty, k } = readJwk(jwk, place);
  try {
    if (kty === "oct" && k !== undefined) return bytesOf(k);
  } catch {
    // Told below.
  }
  throw new Error(`${place}/jwk is no secret`);
}

/** A private key that is in a config by mistake goes no further, and neither does a key of another type. */
function publicPart({ kty = "", crv, x, y, n, e, use }: JWK, wanted: string, place: string): JWK {
  if (`${kty} ${crv ?? ""}`.trim() !== wanted) throw new Error(`${place}/jwk is not of the type of its alg`);
  if (use !== undefined && use !== "sig") throw new Error(`${place}/jwk is not for signatures`);
  const material = { kty, crv, x, y, n, e };
  return Object.fromEntries(Object.entries(material).filter(([, value]) => value !== undefined)) as JWK;
}

function bytesOfPem(pem: string): Uint8Array<ArrayBuffer> {
  const [, base64] =
    /^-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----$/.exec(pem.trim()) ?? [];
  if (base64 === undefined) throw new Error("it is not BEGIN PUBLIC KEY");
  return bytesOf(base64.replaceAll(/\s/g, ""));
}
