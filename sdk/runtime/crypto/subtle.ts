import { callAsync, type HostResult } from "../host.ts";
import { HostOp } from "../host-op.ts";
import { refused } from "../refused.ts";
import { DOMException } from "../web/dom-exception.ts";
import { asWebInterface } from "../web-interface.ts";
import { type CryptoRequest, readAlgorithm, wholeNumber } from "./algorithm.ts";
import { bufferOf, bytesOfSource, isBufferSource, joinBytes } from "./bytes.ts";
import { type CryptoKey, type KeyDescription, makeKey, tokenOf } from "./key.ts";

interface KeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

/** Only this module has it, so only this module makes the one `SubtleCrypto`. */
const maker = Symbol();

/**
 * `crypto.subtle`, done by the host (Web Cryptography Level 2). It lacks key wrapping, key agreement
 * and encryption with RSA. Digests and HMACs of small data are there without leaving the guest's turn.
 */
export class SubtleCrypto {
  constructor(key?: symbol) {
    if (key !== maker) throw new TypeError("Illegal constructor");
  }

  async digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    const bytes = bytesOfSource(data);
    const { name } = readAlgorithm(algorithm, "digest").fields;
    // A copy: an engine may take the whole buffer of a view along.
    return answer(HostOp.digest, name as string, bytes.slice(), bufferOf);
  }

  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    const request = withKey(readAlgorithm(algorithm, "sign"), key);
    request.parts["data"] = bytesOfSource(data);
    return ask(HostOp.sign, request, bufferOf);
  }

  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    const request = withKey(readAlgorithm(algorithm, "sign"), key);
    request.parts["signature"] = bytesOfSource(signature);
    request.parts["data"] = bytesOfSource(data);
    return ask(HostOp.verify, request, (verdict: string) => verdict === "true");
  }

  async encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return cipher(HostOp.encrypt, algorithm, key, data);
  }

  async decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return cipher(HostOp.decrypt, algorithm, key, data);
  }

  async deriveBits(algorithm: unknown, baseKey: unknown, length: unknown = null): Promise<ArrayBuffer> {
    const request = withKey(readAlgorithm(algorithm, "deriveBits"), baseKey);
    if (length === null) throw new DOMException("A number of bits is needed", "OperationError");
    request.fields["bits"] = wholeNumber("length", length, 0xffff_ffff);
    return ask(HostOp.deriveBits, request, bufferOf);
  }

  async deriveKey(
    algorithm: unknown,
    baseKey: unknown,
    derivedKeyType: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    const request = withKey(readAlgorithm(algorithm, "deriveBits"), baseKey);
    const wanted = wantedKey(readAlgorithm(derivedKeyType, "generateKey"), extractable, keyUsages);
    request.fields["into"] = wanted.fields;
    return ask(HostOp.deriveBits, request, firstKey);
  }

  async generateKey(
    algorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey | KeyPair> {
    const request = wantedKey(readAlgorithm(algorithm, "generateKey"), extractable, keyUsages);
    return ask(HostOp.generateKey, request, keyOrPair);
  }

  async importKey(
    format: unknown,
    keyData: unknown,
    algorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey> {
    const request = wantedKey(readAlgorithm(algorithm, "importKey"), extractable, keyUsages);
    request.fields["format"] = oneOf(formats, format);
    if (request.fields["format"] === "jwk") request.fields["jwk"] = readJwk(keyData);
    else request.parts["keyData"] = bytesOfSource(keyData);
    return ask(HostOp.importKey, request, firstKey);
  }

  async exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | object> {
    const request: CryptoRequest = { fields: { format: oneOf(formats, format) }, parts: {} };
    return ask(HostOp.exportKey, withKey(request, key), (exported: Uint8Array | string) =>
      typeof exported === "string" ? JSON.parse(exported) : bufferOf(exported),
    );
  }
}

asWebInterface(SubtleCrypto, "SubtleCrypto");

export function makeSubtle(): SubtleCrypto {
  return new SubtleCrypto(maker);
}

const formats = ["raw", "raw-secret", "spki", "pkcs8", "jwk"];
const usages = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];
const jwkTexts = ["kty", "use", "alg", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k"];

async function cipher(op: number, algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
  const request = withKey(readAlgorithm(algorithm, "encrypt"), key);
  request.parts["data"] = bytesOfSource(data);
  return ask(op, request, bufferOf);
}

/** The fields as JSON; the byte strings in one array, with their names and lengths in the JSON. */
function ask<Answer extends HostResult, T>(
  op: number,
  { fields, parts }: CryptoRequest,
  read: (answer: Answer) => T,
): Promise<T> {
  const lengths: Record<string, number> = {};
  for (const name of Object.keys(parts)) lengths[name] = parts[name]!.length;
  const bytes = joinBytes(Object.values(parts));
  return answer(op, JSON.stringify({ ...fields, parts: lengths }), bytes, read);
}

async function answer<Answer extends HostResult, T>(
  op: number,
  text: string,
  bytes: Uint8Array,
  read: (answer: Answer) => T,
): Promise<T> {
  try {
    return read((await callAsync(op, text, bytes)) as Answer);
  } catch (error) {
    // Here, unlike everywhere else, the name is that of a DOMException.
    return refused(error instanceof SyntaxError ? new DOMException(error.message, "SyntaxError") : error);
  }
}

function withKey(request: CryptoRequest, key: unknown): CryptoRequest {
  request.fields["key"] = tokenOf(key);
  return request;
}

function wantedKey(request: CryptoRequest, extractable: unknown, keyUsages: unknown): CryptoRequest {
  request.fields["extractable"] = Boolean(extractable);
  request.fields["usages"] = sequence(keyUsages).map((usage) => oneOf(usages, usage));
  return request;
}

function firstKey(descriptions: string): CryptoKey {
  return makeKeys(descriptions)[0]!;
}

function keyOrPair(descriptions: string): CryptoKey | KeyPair {
  const [first, second] = makeKeys(descriptions);
  return second === undefined ? first! : { publicKey: first!, privateKey: second };
}

function makeKeys(descriptions: string): CryptoKey[] {
  return (JSON.parse(descriptions) as KeyDescription[]).map(makeKey);
}

function readJwk(value: unknown): object {
  if (typeof value !== "object" || value === null || isBufferSource(value)) {
    throw new TypeError("The key is not a JSON Web Key");
  }
  const given = value as Record<string, unknown>;
  const jwk: Record<string, unknown> = {};
  for (const member of jwkTexts) {
    const text = given[member];
    if (text !== undefined) jwk[member] = `${text}`;
  }
  const { ext, key_ops: operations } = given;
  if (ext !== undefined) jwk["ext"] = Boolean(ext);
  if (operations !== undefined) jwk["key_ops"] = sequence(operations).map((operation) => `${operation}`);
  return jwk;
}

function sequence(value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) throw new TypeError("A list is needed");
  return [...(value as Iterable<unknown>)];
}

function oneOf(choices: readonly string[], value: unknown): string {
  const choice = `${value}`;
  if (choices.includes(choice)) return choice;
  throw new TypeError(`${choice} is none of ${choices.join(", ")}`);
}
