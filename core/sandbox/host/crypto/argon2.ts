/**
 * Argon2id (RFC 9106), with the names that it has in "Modern Algorithms in the Web Cryptography API". Not every runtime has
 * it there, and where it is there it warns: this is the one of `node:crypto`, in its threads.
 */
import crypto, { type Argon2Parameters } from "node:crypto";
import { HostCallError } from "../error.ts";
import { maxArgon2Memory, maxArgon2Passes, maxArgon2Work } from "./limits.ts";
import type { CryptoRequest } from "./request.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** RFC 9106, section 3.1. */
const leastNonce = 8;
const leastTag = 4;
const mostTag = 1024;
const version = 0x13;

/**
 * What is to be done with a password, checked.
 *
 * @param bits of the result
 * @throws HostCallError `OperationError` for what is no Argon2id, `QuotaExceededError` for what holds a thread or memory
 *   for long, `NotSupportedError` where the runtime lacks it
 */
export function argon2Parameters(request: CryptoRequest, bits: number, password: Bytes): Argon2Parameters {
  if (typeof crypto.argon2 !== "function") {
    throw new HostCallError("NotSupportedError", "Cannot derive bits with Argon2id: this runtime lacks it");
  }
  const memory = request.integer("memory");
  const passes = request.integer("passes");
  const parallelism = request.integer("parallelism");
  const nonce = request.bytes("nonce");
  const tagLength = bits / 8;
  const isVersion = !request.has("version") || request.integer("version") === version;
  const isOne = passes >= 1 && parallelism >= 1 && memory >= 8 * parallelism && nonce.length >= leastNonce;
  const isTag = Number.isInteger(tagLength) && tagLength >= leastTag && tagLength <= mostTag;
  if (!isVersion || !isOne || !isTag) {
    throw new HostCallError(
      "OperationError",
      "Cannot derive bits with Argon2id: a parameter is out of range",
    );
  }
  if (memory > maxArgon2Memory || passes > maxArgon2Passes || memory * passes > maxArgon2Work) {
    throw new HostCallError(
      "QuotaExceededError",
      `Cannot derive bits with Argon2id: ${passes} passes over ${memory} KiB are more than one call may take`,
    );
  }
  return {
    ...{ message: password, nonce, parallelism, tagLength, memory, passes },
    ...(request.hasBytes("secretValue") && { secret: request.bytes("secretValue") }),
    ...(request.hasBytes("associatedData") && { associatedData: request.bytes("associatedData") }),
  };
}

export function argon2id(parameters: Argon2Parameters): Promise<ArrayBuffer> {
  return new Promise((resolve, reject) => {
    crypto.argon2("argon2id", parameters, (error, tag) => {
      // A copy: the platform's may be a part of a larger buffer.
      if (error) reject(error);
      else resolve(new Uint8Array(tag).buffer);
    });
  });
}
