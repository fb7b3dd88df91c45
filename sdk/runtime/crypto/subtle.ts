import { callAsync } from "../host.ts";
import { HostOp } from "../host-op.ts";
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
    return bufferOf((await callAsync(HostOp.digest, name as string, bytes.slice())) as Uint8Array);
  }

  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    const request = withKey(readAlgorithm(algorithm, "sign"), key);
    request.parts["data"] = bytesOfSource(data);
    return bufferOf(await ask<Uint8Array>(HostOp.sign, request));
  }

  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    const request = withKey(readAlgorithm(algorithm, "sign"), key);
    request.parts["signature"] = bytesOfSource(signature);
    request.parts["data"] = bytesOfSource(data);
    return (await ask<string>(HostOp.verify, request)) === "true";
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
    return bufferOf(await ask<Uint8Array>(HostOp.deriveBits, request));
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
    return makeKeys(await ask<string>(HostOp.deriveBits, request))[0]!;
  }

  async generateKey(
    algorithm: unknown,
    extractable: unknown,
    keyUsages: unknown,
  ): Promise<CryptoKey | KeyPair> {
    const request = wantedKey(readAlgorithm(algorithm, "generateKey"), extractable, keyUsages);
    const [first, second] = makeKeys(await ask<string>(HostOp.generateKey, request));
    return second === undefined ? first! : { publicKey: first!, privateKey: second };
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
    return makeKeys(await ask<string>(HostOp.importKey, request))[0]!;
  }

  async exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | object> {
    const request: CryptoRequest = { fields: { format: oneOf(formats, format) }, parts: {} };
    const exported = await ask<Uint8Array | string>(HostOp.exportKey, withKey(request, key));
    return typeof exported === "string" ? JSON.parse(exported) : bufferOf(exported);
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
  return bufferOf(await ask<Uint8Array>(op, request));
}

/** The fields as JSON; the byte strings in one array, with their names and lengths in the JSON. */
async function ask<T extends string | Uint8Array>(op: number, { fields, parts }: CryptoRequest): Promise<T> {
  const lengths: Record<string, number> = {};
  for (const name of Object.keys(parts)) lengths[name] = parts[name]!.length;
  const bytes = joinBytes(Object.values(parts));
  try {
    return (await callAsync(op, JSON.stringify({ ...fields, parts: lengths }), bytes)) as T;
  } catch (error) {
    // Here, unlike everywhere else, the name is that of a DOMException.
    if (error instanceof SyntaxError) throw new DOMException(error.message, "SyntaxError");
    throw error;
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
