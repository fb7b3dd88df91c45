/**
 * The parameters that the platform gets: for each algorithm the ones it knows, each checked, so
 * that no object made by a guest is ever passed on.
 */

import { HostCallError } from "../error.ts";
import {
  type AlgorithmName,
  curveNames,
  type HashName,
  hashBits,
  hashNames,
  isPaired,
  type KeyAlgorithm,
} from "./key.ts";
import { maxKeyBytes, maxRounds, maxRsaBits, minRsaBits } from "./limits.ts";
import type { CryptoRequest } from "./request.ts";

type PlatformParameters = { readonly name: AlgorithmName } & Readonly<Record<string, unknown>>;

/** What `sign` and `verify` of the platform need to know besides the key. */
export function signatureParameters(name: AlgorithmName, request: CryptoRequest): PlatformParameters {
  switch (name) {
    case "RSA-PSS":
      return { name, saltLength: atMost(request.integer("saltLength"), maxRsaBits / 8, "saltLength") };
    case "ECDSA":
      return { name, hash: ecdsaHash(request) };
    default:
      return { name };
  }
}

/** One runtime signs with SHA-1 on some curves only, and nobody should on any. */
function ecdsaHash(request: CryptoRequest): HashName {
  const hash = request.choice("hash", hashNames);
  if (hash === "SHA-1") throw new HostCallError("NotSupportedError", "Cannot use SHA-1 with ECDSA");
  return hash;
}

const tagBits = [32, 64, 96, 104, 112, 120, 128];

/** What `encrypt` and `decrypt` of the platform need to know besides the key. */
export function cipherParameters(name: "AES-GCM" | "AES-CBC", request: CryptoRequest): PlatformParameters {
  const iv = request.bytes("iv");
  if (name === "AES-CBC") {
    if (iv.length !== 16) throw new HostCallError("OperationError", "Cannot use AES-CBC: iv is not 16 bytes");
    return { name, iv };
  }
  // Other lengths are legal, but not every runtime has them.
  if (iv.length !== 12 && iv.length !== 16) {
    throw new HostCallError("NotSupportedError", "Cannot use AES-GCM: iv is not 12 bytes (or 16)");
  }
  const tagLength = request.has("tagLength") ? request.integer("tagLength") : 128;
  if (!tagBits.includes(tagLength)) {
    throw new HostCallError(
      "OperationError",
      `Cannot use AES-GCM: tagLength is not one of ${tagBits.join(", ")}`,
    );
  }
  if (!request.hasBytes("additionalData")) return { name, iv, tagLength };
  return { name, iv, tagLength, additionalData: request.bytes("additionalData") };
}

/**
 * What `deriveBits` of the platform needs to know besides the key.
 *
 * @param bits of the result
 */
export function derivationParameters(
  name: "HKDF" | "PBKDF2",
  request: CryptoRequest,
  bits: number,
): PlatformParameters {
  if (bits === 0 || bits % 8 !== 0) {
    throw new HostCallError("OperationError", `Cannot derive ${bits} bits: that is no number of whole bytes`);
  }
  const hash = request.choice("hash", hashNames);
  const salt = request.bytes("salt");
  const blocks = Math.ceil(bits / hashBits[hash].result);
  if (name === "HKDF") {
    // RFC 5869, section 2.3: L <= 255*HashLen
    if (blocks > 255) throw new HostCallError("OperationError", "Cannot derive so many bits with HKDF");
    return { name, hash, salt, info: request.bytes("info") };
  }
  const iterations = request.integer("iterations");
  if (iterations === 0) {
    throw new HostCallError("OperationError", "Cannot derive bits with PBKDF2: iterations is 0");
  }
  if (iterations * blocks > maxRounds) {
    throw new HostCallError(
      "QuotaExceededError",
      `Cannot derive bits with PBKDF2: ${iterations} iterations for ${bits} bits of ${hash} ` +
        `are more than the ${maxRounds} rounds that one call may take`,
    );
  }
  return { name, hash, salt, iterations };
}

/** The algorithm of a key that is imported, as far as the request names it. */
export function importAlgorithm(name: AlgorithmName, request: CryptoRequest): KeyAlgorithm {
  if (name === "ECDSA") return { name, namedCurve: request.choice("namedCurve", curveNames) };
  if (hasHash(name)) return { name, hash: request.choice("hash", hashNames) };
  return { name };
}

/** The algorithm of a key that is generated. */
export function generateAlgorithm(name: AlgorithmName, request: CryptoRequest): KeyAlgorithm {
  const algorithm = importAlgorithm(name, request);
  if (name === "HMAC") return { ...algorithm, length: hmacBits(algorithm.hash!, request) };
  if (name === "AES-GCM" || name === "AES-CBC") return { name, length: aesBits(request.integer("length")) };
  if (isPaired(name) && hasHash(name)) return { ...algorithm, ...rsaSize(request) };
  if (isPaired(name)) return algorithm;
  throw new HostCallError("NotSupportedError", `Cannot generate ${name} keys`);
}

/** The length of a new HMAC key: a block of its hash when the request names none. */
function hmacBits(hash: HashName, request: CryptoRequest): number {
  if (!request.has("length")) return hashBits[hash].block;
  const bits = request.integer("length");
  if (bits === 0 || bits % 8 !== 0 || bits > maxKeyBytes * 8) {
    throw new HostCallError("OperationError", `Cannot make an HMAC key of ${bits} bits`);
  }
  return bits;
}

function aesBits(bits: number): number {
  if (isAesLength(bits)) return bits;
  throw new HostCallError("OperationError", `Cannot make an AES key of ${bits} bits`);
}

/** Whether AES has keys of so many bits. */
export function isAesLength(bits: number): boolean {
  return bits === 128 || bits === 192 || bits === 256;
}

function rsaSize(request: CryptoRequest): { modulusLength: number; publicExponent: number[] } {
  const modulusLength = request.integer("modulusLength");
  checkModulus(modulusLength);
  const publicExponent = [...request.bytes("publicExponent")];
  // Leading zeros do not count: 65537, the exponent of every key of today.
  if (!/^(0,)*1,0,1$/.test(publicExponent.join())) {
    throw new HostCallError(
      "OperationError",
      "Cannot generate an RSA key with a publicExponent other than 65537",
    );
  }
  return { modulusLength, publicExponent: [1, 0, 1] };
}

/**
 * Even exponents and 1 make no signature; very long ones take long to check [CVE-2006-2940].
 *
 * @throws HostCallError `DataError`
 */
export function checkExponent(exponent: Uint8Array): void {
  const significant = exponent.subarray(exponent.findIndex((byte) => byte !== 0));
  const last = significant.at(-1) ?? 0;
  const isOne = significant.length === 1 && last === 1;
  if (last % 2 === 1 && !isOne && significant.length <= 8) return;
  throw new HostCallError("DataError", "Cannot use the RSA key: its public exponent is not valid");
}

/** @throws HostCallError `NotSupportedError` for RSA keys that are too weak or too slow */
export function checkModulus(bits: number): void {
  if (bits >= minRsaBits && bits <= maxRsaBits) return;
  throw new HostCallError(
    "NotSupportedError",
    `Cannot use an RSA key of ${bits} bits: it must have ${minRsaBits} to ${maxRsaBits}`,
  );
}

function hasHash(name: AlgorithmName): boolean {
  return name === "HMAC" || name.startsWith("RSA");
}

function atMost(value: number, most: number, what: string): number {
  if (value <= most) return value;
  throw new HostCallError("OperationError", `Cannot use a ${what} of ${value}: at most ${most} are possible`);
}
