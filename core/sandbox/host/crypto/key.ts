/** Keys as the host keeps them, and what the standard lets each kind of key do. */
import { webcrypto } from "node:crypto";
import { HostCallError } from "../error.ts";

export const hashNames = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"] as const;
export type HashName = (typeof hashNames)[number];

/** Bits of a hash's result, and of the blocks that it works on (FIPS 180-4). */
export const hashBits: Readonly<Record<HashName, { readonly result: number; readonly block: number }>> = {
  "SHA-1": { result: 160, block: 512 },
  "SHA-256": { result: 256, block: 512 },
  "SHA-384": { result: 384, block: 1024 },
  "SHA-512": { result: 512, block: 1024 },
};

export const curveNames = ["P-256", "P-384", "P-521"] as const;
export type CurveName = (typeof curveNames)[number];

export const algorithmNames = [
  "HMAC",
  "RSASSA-PKCS1-v1_5",
  "RSA-PSS",
  "ECDSA",
  "Ed25519",
  "AES-GCM",
  "AES-CBC",
  "HKDF",
  "PBKDF2",
  "Argon2id",
] as const;
export type AlgorithmName = (typeof algorithmNames)[number];

/** The `KeyUsage` values, in the order in which keys list them. */
export const usageNames = [
  "encrypt",
  "decrypt",
  "sign",
  "verify",
  "deriveKey",
  "deriveBits",
  "wrapKey",
  "unwrapKey",
] as const;
export type Usage = (typeof usageNames)[number];

export type KeyType = "secret" | "public" | "private";

/** A key's algorithm with its own parameters; flat, for JSON. */
export interface KeyAlgorithm {
  readonly name: AlgorithmName;
  readonly hash?: HashName;
  /** Bits of an HMAC or AES key. */
  readonly length?: number;
  readonly namedCurve?: CurveName;
  readonly modulusLength?: number;
  readonly publicExponent?: readonly number[];
}

/** All there is to a key. Its material is raw for secret, SPKI for public and PKCS #8 for private keys. */
export interface KeyRecord {
  readonly type: KeyType;
  readonly algorithm: KeyAlgorithm;
  readonly extractable: boolean;
  readonly usages: readonly Usage[];
  readonly material: Uint8Array<ArrayBuffer>;
}

const signing = { public: ["verify"], private: ["sign"] } as const;
const ciphering = { secret: ["encrypt", "decrypt", "wrapKey", "unwrapKey"] } as const;
const deriving = { secret: ["deriveKey", "deriveBits"] } as const;

const allowedUsages: Readonly<Record<AlgorithmName, Readonly<Partial<Record<KeyType, readonly Usage[]>>>>> = {
  HMAC: { secret: ["sign", "verify"] },
  "RSASSA-PKCS1-v1_5": signing,
  "RSA-PSS": signing,
  ECDSA: signing,
  Ed25519: signing,
  "AES-GCM": ciphering,
  "AES-CBC": ciphering,
  HKDF: deriving,
  PBKDF2: deriving,
  Argon2id: deriving,
};

/** Whether bits and keys are derived from keys of the algorithm, and nothing else. */
export function isDerivation(name: AlgorithmName): boolean {
  return allowedUsages[name] === deriving;
}

/** Whether keys of the algorithm come in pairs. */
export function isPaired(name: AlgorithmName): boolean {
  return allowedUsages[name].secret === undefined;
}

/** Of `usages`, those that a key of this type may have; the rest belongs to the other half of a pair. */
export function usagesOf(name: AlgorithmName, type: KeyType, usages: readonly Usage[]): Usage[] {
  const allowed = allowedUsages[name][type] ?? [];
  return usages.filter((usage) => allowed.includes(usage));
}

/**
 * @throws HostCallError `SyntaxError` when a key of this type cannot be used so, or could not be
 *   used at all (Web Cryptography, the import and generate operations of every algorithm)
 */
export function checkUsages(name: AlgorithmName, type: KeyType, usages: readonly Usage[]): void {
  const allowed = usagesOf(name, type, usages);
  const wrong = usages.find((usage) => !allowed.includes(usage));
  if (wrong !== undefined) {
    throw new HostCallError(
      "SyntaxError",
      `Cannot make the key: a ${type} ${name} key is not for "${wrong}"`,
    );
  }
  if (type !== "public" && usages.length === 0) {
    throw new HostCallError("SyntaxError", `Cannot make the key: a ${type} ${name} key needs a usage`);
  }
}

/** The platform's key for a record. It is extractable, whatever the record says: the host keeps it to itself. */
export function platformKey(record: KeyRecord): Promise<webcrypto.CryptoKey> {
  const format = record.type === "secret" ? "raw" : record.type === "public" ? "spki" : "pkcs8";
  const { name, hash, namedCurve } = record.algorithm;
  // The standard knows no extractable keys for derivation.
  const extractable = !isDerivation(name);
  const algorithm = { name, ...(hash && { hash }), ...(namedCurve && { namedCurve }) };
  return webcrypto.subtle.importKey(format, record.material, algorithm, extractable, platformUsages(record));
}

function platformUsages({ algorithm, usages }: KeyRecord): Usage[] {
  // A MAC is verified by making it anew, and a key is derived by deriving its bits.
  if (algorithm.name === "HMAC") return ["sign"];
  if (isDerivation(algorithm.name)) return ["deriveBits"];
  return [...usages];
}
