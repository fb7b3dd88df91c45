import { webcrypto } from "node:crypto";
import { HostCallError } from "../error.ts";
import { recordOf } from "./import.ts";
import {
  type AlgorithmName,
  algorithmNames,
  checkUsages,
  isPaired,
  type KeyAlgorithm,
  type KeyRecord,
  type Usage,
  usageNames,
  usagesOf,
} from "./key.ts";
import { generateAlgorithm } from "./parameters.ts";
import type { CryptoRequest } from "./request.ts";

/** A key, or a pair of keys with its public half first, whose parameters are checked. */
export interface KeyGeneration {
  readonly algorithm: KeyAlgorithm;
  readonly extractable: boolean;
  readonly usages: Usage[];
}

/** @throws HostCallError `SyntaxError`, `OperationError` or `NotSupportedError`, as the standard has them */
export function readGeneration(request: CryptoRequest): KeyGeneration {
  const name = request.choice("name", algorithmNames);
  const algorithm = generateAlgorithm(name, request);
  const usages = request.choices("usages", usageNames);
  checkGeneratedUsages(name, usages);
  return { algorithm, extractable: request.flag("extractable"), usages };
}

function checkGeneratedUsages(name: AlgorithmName, usages: readonly Usage[]): void {
  const ofPublic = usagesOf(name, "public", usages);
  const rest = usages.filter((usage) => !ofPublic.includes(usage));
  checkUsages(name, isPaired(name) ? "private" : "secret", rest);
}

/**
 * The key that derived bits are to become.
 *
 * @throws HostCallError `NotSupportedError` when its material is no row of random bits
 */
export function readDerivedKey(request: CryptoRequest): KeyGeneration {
  const wanted = readGeneration(request);
  const { name } = wanted.algorithm;
  if (isPaired(name)) throw new HostCallError("NotSupportedError", `Cannot derive ${name} keys`);
  return wanted;
}

/** Whether it takes long: primes have to be found. */
export function isHeavy({ algorithm }: KeyGeneration): boolean {
  return algorithm.modulusLength !== undefined;
}

/** A secret key, made at once. */
export function generateSecret(wanted: KeyGeneration): KeyRecord {
  return secretOf(wanted, crypto.getRandomValues(new Uint8Array(wanted.algorithm.length! / 8)));
}

export function secretOf(wanted: KeyGeneration, material: Uint8Array<ArrayBuffer>): KeyRecord {
  const { algorithm, extractable, usages } = wanted;
  return { type: "secret", algorithm, extractable, usages, material };
}

/** A public and a private key. */
export async function generatePair(wanted: KeyGeneration): Promise<[KeyRecord, KeyRecord]> {
  const { algorithm, extractable, usages } = wanted;
  const { publicExponent, ...rest } = algorithm;
  const parameters = publicExponent ? { ...rest, publicExponent: new Uint8Array(publicExponent) } : rest;
  const { subtle } = webcrypto;
  const made: object = await subtle.generateKey(parameters, true, ["sign", "verify"]);
  const pair = made as webcrypto.CryptoKeyPair;
  const { name } = algorithm;
  return Promise.all([
    recordOf(pair.publicKey, { algorithm, extractable: true, usages: usagesOf(name, "public", usages) }),
    recordOf(pair.privateKey, { algorithm, extractable, usages: usagesOf(name, "private", usages) }),
  ]);
}
