import { webcrypto } from "node:crypto";
import { HostCallError } from "../error.ts";
import { orFailWith } from "./failure.ts";
import { checkJwk } from "./jwk.ts";
import {
  type AlgorithmName,
  algorithmNames,
  checkUsages,
  isDerivation,
  isPaired,
  type KeyAlgorithm,
  type KeyRecord,
  type KeyType,
  type Usage,
  usageNames,
} from "./key.ts";
import { maxKeyBytes } from "./limits.ts";
import { checkExponent, checkModulus, importAlgorithm, isAesLength } from "./parameters.ts";
import type { CryptoRequest, JsonWebKey } from "./request.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const formats = ["raw", "raw-secret", "spki", "pkcs8", "jwk"] as const;
type KeyFormat = (typeof formats)[number];

/** What the importer says about a key; its material is another matter. */
interface KeyImport {
  readonly algorithm: KeyAlgorithm;
  readonly format: KeyFormat;
  readonly extractable: boolean;
  readonly usages: Usage[];
}

/**
 * Imports a key, or returns the step that does. Secret keys in bytes need nothing of the platform
 * and are there at once.
 *
 * @throws HostCallError `DataError`, `SyntaxError` or `NotSupportedError`, as the standard has them
 */
export function importKey(request: CryptoRequest): KeyRecord | (() => Promise<KeyRecord>) {
  const wanted = readImport(request);
  const { algorithm, format } = wanted;
  if (!isPaired(algorithm.name)) return importSecret(wanted, request);
  const isRsa = algorithm.name.startsWith("RSA");
  if (format === "raw-secret" || (format === "raw" && isRsa)) throw noSuchFormat(wanted);
  const data = format === "jwk" ? readJwk(wanted, request) : readBytes(request);
  const isPrivate = format === "pkcs8" || (format === "jwk" && "d" in data);
  return importHalf(wanted, isPrivate ? "private" : "public", data);
}

function readImport(request: CryptoRequest): KeyImport {
  return {
    algorithm: importAlgorithm(request.choice("name", algorithmNames), request),
    format: request.choice("format", formats),
    extractable: request.flag("extractable"),
    usages: request.choices("usages", usageNames),
  };
}

function readBytes(request: CryptoRequest): Bytes {
  const material = request.bytes("keyData");
  if (material.length <= maxKeyBytes) return material.slice();
  throw new HostCallError("QuotaExceededError", `Cannot import a key of more than ${maxKeyBytes} bytes`);
}

/** Web Cryptography asks the same about `ext` for every algorithm; after that it must not hinder the host. */
function readJwk({ algorithm, extractable }: KeyImport, request: CryptoRequest): JsonWebKey {
  const jwk = request.jwk("jwk");
  checkJwk(jwk, algorithm);
  if (jwk.ext !== false || !extractable) return { ...jwk, ext: true };
  throw new HostCallError("DataError", "Cannot import the key: its JWK says that it is not extractable");
}

function importSecret(wanted: KeyImport, request: CryptoRequest): KeyRecord | (() => Promise<KeyRecord>) {
  const { name } = wanted.algorithm;
  checkUsages(name, "secret", wanted.usages);
  if (isDerivation(name) && wanted.extractable) {
    throw new HostCallError("SyntaxError", `Cannot import the key: ${name} keys are never extractable`);
  }
  // Algorithms that came later have one name for the format of secrets, and it is another one.
  const raw = name === "Argon2id" ? "raw-secret" : "raw";
  if (wanted.format === raw) return secretKey(wanted, readBytes(request), request);
  if (wanted.format !== "jwk" || isDerivation(name)) throw noSuchFormat(wanted);
  const jwk = readJwk(wanted, request);
  return async () => secretKey(wanted, await materialOf(jwk, wanted), request);
}

function materialOf(jwk: JsonWebKey, wanted: KeyImport): Promise<Bytes> {
  const failure = `Cannot import the key: its JWK is not a ${wanted.algorithm.name} key with these usages`;
  return orFailWith("DataError", failure, async () => {
    const key = await importPlatformKey(jwk, wanted);
    return new Uint8Array(await webcrypto.subtle.exportKey("raw", key));
  });
}

function secretKey(wanted: KeyImport, material: Bytes, request: CryptoRequest): KeyRecord {
  const { algorithm, extractable, usages } = wanted;
  const bits = material.length * 8;
  const { name } = algorithm;
  if (isDerivation(name)) {
    return { type: "secret", algorithm, extractable, usages, material };
  }
  checkSecretLength(name, bits, request);
  return { type: "secret", algorithm: { ...algorithm, length: bits }, extractable, usages, material };
}

function checkSecretLength(name: AlgorithmName, bits: number, request: CryptoRequest): void {
  if (name !== "HMAC") {
    if (isAesLength(bits)) return;
    throw new HostCallError("DataError", `Cannot import an AES key of ${bits} bits`);
  }
  if (bits === 0) throw new HostCallError("DataError", "Cannot import an empty HMAC key");
  if (request.has("length") && request.integer("length") !== bits) {
    throw new HostCallError("DataError", `Cannot import the HMAC key: it has ${bits} bits, not its length`);
  }
}

/** One half of a pair, which the platform checks; it is kept in one format, whatever it came in. */
function importHalf(wanted: KeyImport, type: KeyType, data: Bytes | JsonWebKey): () => Promise<KeyRecord> {
  const { name } = wanted.algorithm;
  checkUsages(name, type, wanted.usages);
  const failure = `Cannot import the key: its data is not a ${type} ${name} key in the format ${wanted.format}`;
  return () =>
    orFailWith("DataError", failure, async () => recordOf(await importPlatformKey(data, wanted), wanted));
}

/** The record of a key of a pair that the platform made or read, extractable there. */
export async function recordOf(
  key: webcrypto.CryptoKey,
  wanted: Pick<KeyRecord, "algorithm" | "extractable" | "usages">,
): Promise<KeyRecord> {
  const { algorithm, extractable, usages } = wanted;
  const format = key.type === "public" ? "spki" : "pkcs8";
  const rsa = rsaSize(key);
  // One runtime takes points that are on no curve; it notices here.
  const material = new Uint8Array(await webcrypto.subtle.exportKey(format, key));
  return { type: key.type, algorithm: { ...algorithm, ...rsa }, extractable, usages, material };
}

function rsaSize({ algorithm }: webcrypto.CryptoKey): Partial<KeyAlgorithm> {
  const { modulusLength, publicExponent } = algorithm as Partial<webcrypto.RsaHashedKeyAlgorithm>;
  if (modulusLength === undefined) return {};
  checkModulus(modulusLength);
  checkExponent(publicExponent!);
  return { modulusLength, publicExponent: [...publicExponent!] };
}

function importPlatformKey(data: Bytes | JsonWebKey, wanted: KeyImport): Promise<webcrypto.CryptoKey> {
  const { subtle } = webcrypto;
  const { format, usages } = wanted;
  const algorithm = { ...wanted.algorithm };
  if (format === "jwk")
    return subtle.importKey(format, data as webcrypto.JsonWebKey, algorithm, true, usages);
  return subtle.importKey(format, data as Bytes, algorithm, true, usages);
}

function noSuchFormat({ algorithm, format }: KeyImport): HostCallError {
  return new HostCallError(
    "NotSupportedError",
    `Cannot import ${algorithm.name} keys in the format ${format}`,
  );
}
